// What the kernel's loader asks of the signature at the end of a module, whoever made it.
// Source: kernel/module_signature.c, crypto/asymmetric_keys/pkcs7_parser.c and pkcs7_verify.c of Linux 6; RFC 5652, 5.
import { decode, oidOf } from '../store/der.ts';
import { type Element, elementsOf, firstElement } from '../store/der-element.ts';
import { HASH_NAMES, RSA_KEY, RSASSA_PSS, SIGNATURE_NAMES } from '../store/oid-names.ts';

/** struct module_signature without its length: algo, hash, id_type (2: PKEY_ID_PKCS7), signer_len, key_id_len, padding. */
const PARAMETERS = Buffer.from([0, 0, 2, 0, 0, 0, 0, 0]);
const DATA = '1.2.840.113549.1.7.1';
const DIGEST = /^sha(1|224|256|384|512)$/;
const ECDSA = /^sha(1|224|256|384|512) ECDSA$/;

/** Why the kernel takes a signature (CMS, DER) from nobody, with the parameters that lie behind it; undefined: it may. */
export function flawOfSignature(signature: Buffer, parameters: Buffer): string | undefined {
  if (!parameters.equals(PARAMETERS))
    return `what follows its signature is ${parameters.toString('hex')}, and the kernel asks for ${PARAMETERS.toString('hex')} (PKCS #7)`;
  try {
    const [, , content, ...rest] = elementsOf(elementsOf(elementsOf(firstElement(signature))[1])[0]);
    const [type, embedded] = elementsOf(content);
    if (identifierOf(type) !== DATA) return 'its signature is of other content than data (openssl cms -econtent_type)';
    if (embedded)
      return 'its signature holds what it signs (openssl cms -nodetach), and the kernel asks for it detached';
    const signers = elementsOf(rest.find(({ tag }) => tag === 0x31));
    return signers.map(flawOfSigner).find(each => each !== undefined);
  } catch {
    return 'its signature is no CMS in DER';
  }
}

function flawOfSigner(signer: Element): string | undefined {
  const [, , digestAlgorithm, next, after] = elementsOf(signer);
  if (next?.tag === 0xa0) return 'its signature has signed attributes, and the kernel takes none (openssl cms -noattr)';
  const digest = algorithmOf(digestAlgorithm);
  const name = HASH_NAMES[digest] ?? digest;
  if (!DIGEST.test(name))
    return `its signature is of a ${name} hash: give sha256, sha384 or sha512, which every kernel knows`;
  const algorithm = algorithmOf(next);
  if (algorithm === RSASSA_PSS) return 'its signature is RSA-PSS, and the kernel knows PKCS #1 v1.5 alone';
  if (after && (algorithm === RSA_KEY || ECDSA.test(SIGNATURE_NAMES[algorithm] ?? ''))) return undefined;
  return `the kernel does not know the algorithm of its signature, ${SIGNATURE_NAMES[algorithm] ?? algorithm}`;
}

const algorithmOf = (identifier: Element | undefined): string => identifierOf(elementsOf(identifier)[0]);

const identifierOf = (element: Element | undefined): string => (element ? (oidOf(decode(element.whole)) ?? '') : '');
