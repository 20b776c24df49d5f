// The signatures of an EFI binary, each by itself: what it says, and whether a certificate has made it.
// Source: Microsoft's Authenticode_PE.docx; UEFI specification 2.10, 32.2.4 (WIN_CERTIFICATE); RFC 2315.
import type { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { CommandError } from '../errors.ts';
import { guidAt } from '../model/signature-list.ts';
import { PKCS7_GUID } from '../model/variable-update.ts';
import { command } from '../plan/job.ts';
import { runCommand, type Surroundings } from '../run/exec.ts';
import { inTemporary } from '../run/temporary.ts';
import { certificateIn } from '../store/certificate.ts';
import { decode, oidOf } from '../store/der.ts';
import { type Element, elementsOf, firstElement, signedPart } from '../store/der-element.ts';
import { writeNew } from '../store/files.ts';
import { issuersOf } from '../store/issuer.ts';
import { HASH_NAMES } from '../store/oid-names.ts';
import { hashOfImage, type Image } from './authenticode.ts';

export interface EfiSignature {
  /** PKCS #7, in its ContentInfo. */
  readonly der: Buffer;
  /** What it signs, SpcIndirectDataContent, without tag and length. */
  readonly content: Buffer;
  /** The digest of the image that it signs, `sha256`, and whether the image has that no more. */
  readonly digest: string;
  readonly isStale: boolean;
  /** The signer's certificate, and those in the signature that lead up from it. */
  readonly chain: readonly X509Certificate[];
}

/** Firmware passes over what it cannot read, and what is of a digest that it does not know; so does this. */
export const signaturesOf = (image: Image): EfiSignature[] =>
  tableOf(image).found.flatMap(der => {
    try {
      return [parseSignature(der, image)];
    } catch (error) {
      if (error instanceof RangeError || error instanceof TypeError) return [];
      throw error;
    }
  });

/** Why firmware refuses an image with such a table, whatever is in it, as `has a certificate table …`; undefined: it does not. */
export const flawOfTable = (image: Image): string | undefined =>
  tableOf(image).isWhole
    ? undefined
    : 'has a certificate table that does not add up: lengths, padding to 8 bytes, or stray bytes at its end';

/**
 * WIN_CERT_TYPE_PKCS_SIGNED_DATA, and WIN_CERT_TYPE_EFI_GUID with PKCS #7, as EDK2 takes them; each ends padded to 8 bytes,
 * and the last one where the table does.
 */
function tableOf({ bytes, layout: { certificates } }: Image): { found: Buffer[]; isWhole: boolean } {
  const found: Buffer[] = [];
  let { start } = certificates;
  while (certificates.end - start > 8) {
    const [length, type] = [bytes.readUInt32LE(start), bytes.readUInt16LE(start + 6)];
    const next = start + length + (-length & 7);
    const header = HEADERS[type] ?? 7;
    if (length <= header || next > certificates.end) break;
    if (type === PKCS || (type === GUID && guidAt(bytes, start + 8) === PKCS7_GUID))
      found.push(bytes.subarray(start + header, start + length));
    start = next;
  }
  return { found, isWhole: start === certificates.end };
}

const [PKCS, GUID] = [0x0002, 0x0ef1];
/** What comes before a signature, in bytes; there has to be more. */
const HEADERS: Readonly<Record<number, number>> = { [PKCS]: 8, [GUID]: 24 };

/** Those that EDK2 hashes an image by (HashPeImage): UEFI has more. */
const KNOWN_DIGEST = /^sha(1|256|384|512)$/;

/** The digests of an image that firmware looks for in db and dbx: those of its signatures; SHA-256 of what has no table of them. */
export const digestsOf = ({ layout: { certificates } }: Image, signatures: readonly EfiSignature[]): string[] =>
  certificates.end === certificates.start ? ['sha256'] : [...new Set(signatures.map(({ digest }) => digest))];

/** Throws a RangeError or TypeError where it is none. What pads it at its end is left out. */
function parseSignature(padded: Buffer, image: Image): EfiSignature {
  const outer = firstElement(padded);
  const [signedData] = elementsOf(elementsOf(outer)[1]);
  const [, , contentInfo, ...rest] = elementsOf(signedData);
  const [indirect] = elementsOf(elementsOf(contentInfo)[1]);
  const [algorithm, hash] = elementsOf(elementsOf(indirect)[1]);
  const oid = oidOf(decode(elementsOf(algorithm)[0]!.whole)) ?? '';
  const digest = HASH_NAMES[oid] ?? oid;
  if (!KNOWN_DIGEST.test(digest)) throw new RangeError(`no hash of an image is ${digest}`);
  const held = rest.find(({ tag }) => tag === 0xa0);
  const [signer] = elementsOf(rest.find(({ tag }) => tag === 0x31));
  return {
    der: outer.whole,
    content: indirect!.content,
    digest,
    isStale: !hash || !hashOfImage(image, digest).equals(hash.content),
    chain: chainOf(elementsOf(signer)[1]!, held ? elementsOf(held) : []),
  };
}

/** `named` is issuerAndSerialNumber (RFC 2315, 6.7). */
function chainOf(named: Element, held: readonly Element[]): X509Certificate[] {
  const all = held.flatMap(({ whole }) => {
    const certificate = certificateIn(whole);
    return certificate ? [{ certificate }] : [];
  });
  const [issuer, serial] = elementsOf(named);
  const signer = all.find(({ certificate: { raw } }) => {
    const fields = elementsOf(signedPart(raw)).filter(({ tag }) => tag !== 0xa0);
    return fields[0]!.whole.equals(serial!.whole) && fields[2]!.whole.equals(issuer!.whole);
  });
  return signer ? [signer, ...issuersOf(signer, all)].map(({ certificate }) => certificate) : [];
}

/**
 * Why no certificate (PEM) is that of the signer, or leads to it; undefined: it is or does. Asks as Pkcs7Verify of EDK2
 * (CryptPkcs7VerifyCommon.c): no purpose, no time, any certificate ends a chain. sbverify would ask for keyUsage, too.
 */
export async function refusalOfSignature(
  { file }: Image,
  { der, content, isStale }: EfiSignature,
  certificate: string,
  surroundings: Surroundings,
): Promise<string | undefined> {
  if (isStale) return 'the file was changed after it was signed';
  try {
    await inTemporary(async folder => {
      const [by, signature, signed] = ['certificate.pem', 'signature.p7', 'content'].map(name => join(folder, name));
      for (const [path, bytes] of [
        [by, certificate],
        [signature, der],
        [signed, content],
      ] as const)
        writeNew(path!, bytes);
      const trust = ['-CAfile', by!, '-partial_chain', '-purpose', 'any', '-no_check_time'];
      const from = ['-binary', '-inform', 'DER', '-in', signature!, '-content', signed!];
      const ask = command('openssl', ['smime', '-verify', ...from, ...trust, '-out', '/dev/null']);
      await runCommand(ask, file, surroundings);
    });
    return undefined;
  } catch (error) {
    if (error instanceof CommandError) return error.stderr;
    throw error;
  }
}

/** Whether a certificate (PEM) is that of the signer of any of some signatures, or leads to it. */
export async function isSignedBy(
  image: Image,
  signatures: readonly EfiSignature[],
  certificate: string,
  surroundings: Surroundings,
): Promise<boolean> {
  for (const each of signatures)
    if ((await refusalOfSignature(image, each, certificate, surroundings)) === undefined) return true;
  return false;
}
