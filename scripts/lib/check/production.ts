// Is this a PKI for production, or one that was made to develop with? Asked only where it is meant for production.
import { createPrivateKey } from 'node:crypto';
import { PUBLISHED_PASSPHRASES } from '../model/passphrase.ts';
import { validityOf } from '../model/validity.ts';
import type { CertificateFile } from '../store/directory.ts';
import { keyFile } from '../store/names.ts';
import { parseTokenKey } from '../store/token-key.ts';
import { error, type Finding } from './finding.ts';
import type { Inspection } from './inspection.ts';
import { type KeyText, readKeyText } from './private-key.ts';

/** BSI TR-02102-1 and NIST SP 800-57: RSA for what is to last beyond 2030. */
const LEAST_RSA_BITS = 3072;

export function checkProduction(inspection: Inspection): Finding[] {
  if (!inspection.options.isProduction) return [];
  const { certificates } = inspection.directory;
  return [
    ...checkKeys(inspection),
    ...certificates.flatMap(each => [
      ...checkName(each, inspection),
      ...checkStrength(each, inspection),
      ...checkPlaces(each, inspection),
      ...checkPathLength(each, inspection),
      ...checkLength(each, inspection),
    ]),
  ];
}

function checkKeys({ directory, factsOf }: Inspection): Finding[] {
  return [...directory.keys].flatMap(stem => {
    const text = readText(directory.path, keyFile(stem));
    if (!text || isInToken(text)) return [];
    const owner = directory.certificates.find(each => each.stem === stem);
    const found = isPublished(text)
      ? [
          error(
            'production-passphrase',
            keyFile(stem),
            'a passphrase that everybody knows opens it',
            'make the key anew, with a passphrase of your own',
          ),
        ]
      : [];
    if (!owner || !signsForOthers(owner, factsOf(owner.certificate).extensions.get('extendedKeyUsage'))) return found;
    const message = 'the key of a CA, or of one that signs what devices load, lies in a file';
    return [...found, error('production-key-file', keyFile(stem), message, 'put it into a token: docs/hsm.md')];
  });
}

/** CAs, keys of UEFI variables, and those for signing code. */
const signsForOthers = ({ certificate, file, stem }: CertificateFile, usage = ''): boolean =>
  certificate.ca || file.endsWith('.crt') || /codeSigning/.test(usage) || stem.startsWith('ssig');

function readText(root: string, file: string): KeyText | undefined {
  try {
    return readKeyText(root, file);
  } catch {
    return undefined; // told as unreadable
  }
}

function isInToken({ bytes, isForeign }: KeyText): boolean {
  try {
    return isForeign || parseTokenKey(bytes.toString('latin1')) !== undefined;
  } catch {
    return false;
  }
}

const isPublished = ({ bytes, isEncrypted }: KeyText): boolean =>
  isEncrypted &&
  PUBLISHED_PASSPHRASES.some(passphrase => {
    try {
      return createPrivateKey({ key: bytes, passphrase }) !== undefined;
    } catch {
      return false;
    }
  });

/** Development certificates say so: the shipped configuration has \`organizationalUnitName = Development\`. */
function checkName({ file, certificate }: CertificateFile, { factsOf }: Inspection): Finding[] {
  return factsOf(certificate)
    .subject.filter(({ value }) => /\b(development|test)\b/i.test(value))
    .map(({ name, value }) =>
      error('production-name', file, `its subject says ${name} = ${value}`, 'set [subject] in defaults.ini'),
    );
}

function checkStrength({ file, certificate }: CertificateFile, { factsOf }: Inspection): Finding[] {
  const { keyType, signature } = factsOf(certificate);
  const bits = Number(/^rsa:(\d+)$/.exec(keyType)?.[1] ?? LEAST_RSA_BITS);
  const weak = [
    ...(bits < LEAST_RSA_BITS ? [`its RSA key of ${bits} bits is shorter than ${LEAST_RSA_BITS}`] : []),
    ...(/^(sha1|md5)\b/i.test(signature) ? [`its signature is made with ${signature}`] : []),
  ];
  return weak.map(message => error('production-weak', file, message, 'set key-type and digest in defaults.ini'));
}

const OF_NO_HOST = /localhost|127\.0\.0\.1|::1\b|\.example\b|example\.(com|org|net)|\.(test|invalid|localdomain)\b/i;

function checkPlaces({ file, certificate }: CertificateFile, { factsOf }: Inspection): Finding[] {
  const named = ['subjectAltName', 'caIssuers', 'OCSP', 'crlDistributionPoints'];
  return [...factsOf(certificate).extensions]
    .filter(([key, value]) => named.includes(key) && OF_NO_HOST.test(value))
    .map(([key, value]) =>
      error(
        'production-place',
        file,
        `its ${key} names no host of yours: ${value}`,
        `set ${key} in its ini file, or in [urls NAME] of defaults.ini`,
      ),
    );
}

/** A CA that certifies end entities alone says so. */
function checkPathLength(ca: CertificateFile, { factsOf, directory, issuers }: Inspection): Finding[] {
  const constraints = factsOf(ca.certificate).extensions.get('basicConstraints') ?? '';
  if (!ca.certificate.ca || ca.file.endsWith('.crt') || constraints.includes('pathlen')) return [];
  const hasCaBelow = directory.certificates.some(
    each => each !== ca && issuers.get(each) === ca && each.certificate.ca && each.file.endsWith('.cert'),
  );
  return hasCaBelow
    ? []
    : [
        error(
          'production-pathlen',
          ca.file,
          'no CA is below it, and it does not forbid any',
          'add pathlen:0 to its basicConstraints',
        ),
      ];
}

/** Milliseconds: openssl asks the clock for the beginning, and again for the end. */
const BETWEEN_TWO_LOOKS = 60_000;

function checkLength({ file, stem, certificate }: CertificateFile, { settings }: Inspection): Finding[] {
  const entity = settings.configuration.hierarchy.get(stem);
  if (!entity || entity.supplied) return [];
  const end = validityOf(entity.certificate, new Date(certificate.validFrom)).notAfter;
  return new Date(certificate.validTo).getTime() > end.getTime() + BETWEEN_TWO_LOOKS
    ? [
        error(
          'production-validity',
          file,
          `it is valid longer than is configured: ${end.toISOString()}`,
          `trustme-pki renew ${stem}`,
        ),
      ]
    : [];
}
