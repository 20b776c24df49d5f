// Are keys and signatures as strong as is asked for today?
import { LEAST_RSA_BITS } from '../model/key-type.ts';
import type { CertificateFacts } from '../store/certificate-facts.ts';
import { type Finding, warning } from './finding.ts';
import type { Inspection } from './inspection.ts';

export const checkAlgorithms = ({ directory, issuers, factsOf }: Inspection): Finding[] =>
  directory.certificates.flatMap(each => check(each.file, factsOf(each.certificate), issuers.get(each) === each));

function check(file: string, { keyType, signature }: CertificateFacts, isAnchor: boolean): Finding[] {
  const bits = Number(/^rsa:(\d+)$/.exec(keyType)?.[1] ?? LEAST_RSA_BITS);
  const weakKey = warning(
    'weak-key',
    file,
    `its RSA key has ${bits} bits, and ${LEAST_RSA_BITS} are asked for`,
    'make a new key and certificate',
  );
  const weakSignature = warning(
    'weak-signature',
    file,
    `its signature is ${signature}: collisions can be made`,
    'issue it again with SHA-256',
  );
  return [
    ...(bits < LEAST_RSA_BITS ? [weakKey] : []),
    // Nobody verifies the signature of a trust anchor.
    ...(/^(md[245]|sha1)\b/.test(signature) && !isAnchor ? [weakSignature] : []),
  ];
}
