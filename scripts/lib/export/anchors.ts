// What a device is given to trust, in the forms that its software takes: text and octets, no files.
import { createHash, type X509Certificate } from 'node:crypto';
import { UsageError } from '../errors.ts';
import { certificateKey } from '../store/der.ts';
import type { CertificateFile } from '../store/directory.ts';
import { isIssuedBy } from '../store/issuer.ts';

export const FORMATS = ['pem', 'der', 'hash', 'c', 'kernel', 'yocto'] as const;
export type Format = (typeof FORMATS)[number];

/** Self-signed CAs: the roots of the hierarchies. UEFI keys stand alone, and are enrolled in another way. */
export const anchorsOf = (certificates: readonly CertificateFile[]): readonly CertificateFile[] =>
  certificates.filter(
    ({ certificate, file }) => certificate.ca && file.endsWith('.cert') && isIssuedBy(certificate, certificate),
  );

/** What goes into one file; DER has one for each certificate. */
export function exportAnchors(anchors: readonly CertificateFile[], format: Exclude<Format, 'der'>): string {
  switch (format) {
    case 'hash':
      return anchors.map(each => `${Object.values(hashesOf(each)).join('  ')}\n`).join('');
    case 'pem':
    case 'kernel': // certs/extract-cert of the kernel reads every certificate of the file
      return bundle(anchors);
    case 'c':
      return header(anchors);
    case 'yocto':
      return recipe(anchors);
  }
}

const bundle = (anchors: readonly CertificateFile[]): string =>
  anchors.map(({ certificate }) => pem(certificate)).join('');

/** As openssl writes it: node leaves out the end of the last line. */
const pem = (certificate: X509Certificate): string => `${certificate.toString().trimEnd()}\n`;

const arrayName = ({ stem }: CertificateFile): string =>
  `${stem.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=[0-9])/, '_')}_der`;

/** Throws a UsageError where two certificates would have one name. */
function refuseTwins(anchors: readonly CertificateFile[], nameOf: (anchor: CertificateFile) => string): void {
  const taken = new Map<string, string>();
  for (const each of anchors) {
    const name = nameOf(each);
    const other = taken.get(name);
    if (other !== undefined)
      throw new UsageError(
        `"${other}" and "${each.file}" would both be ${name}`,
        'export one of them, or each by itself',
      );
    taken.set(name, each.file);
  }
}

/** A C99 header: an array of octets and its length for each certificate. */
function header(anchors: readonly CertificateFile[]): string {
  refuseTwins(anchors, arrayName);
  // Of what it holds: with one guard for all, the second of two headers would be passed over in silence.
  const guard = `TRUST_ANCHORS_${sha256(Buffer.concat(anchors.map(({ certificate }) => certificate.raw)))
    .slice(0, 16)
    .toUpperCase()}_H`;
  const arrays = anchors.map(each => {
    const { certificate } = each;
    const name = arrayName(each);
    const octets = [...certificate.raw].map(octet => `0x${octet.toString(16).padStart(2, '0')}`);
    const lines = Array.from(
      { length: Math.ceil(octets.length / 12) },
      (_, i) => `\t${octets.slice(i * 12, i * 12 + 12).join(', ')},`,
    );
    return [
      `/* SHA-256 ${sha256(certificate.raw)} */`,
      `static const unsigned char ${name}[${octets.length}] = {`,
      ...lines,
      '};',
      '',
    ].join('\n');
  });
  return `#ifndef ${guard}\n#define ${guard}\n\n${arrays.join('\n')}\n#endif\n`;
}

/** A recipe that installs the certificates; the files go beside it, and a changed one stops the build. */
function recipe(anchors: readonly CertificateFile[]): string {
  refuseTwins(anchors, ({ stem }) => `${stem}.pem`);
  const files = anchors.map(({ stem, certificate }) => ({
    file: `${stem}.pem`,
    sum: sha256(Buffer.from(pem(certificate))),
  }));
  const uris = files.map(({ file }) => `file://${file}`).join(' \\\n    ');
  const checks = files.map(({ file, sum }) => `    echo "${sum}  \${WORKDIR}/${file}" | sha256sum -c -`);
  const installs = files.map(
    ({ file }) => `    install -m 0644 \${WORKDIR}/${file} \${D}\${sysconfdir}/trust-anchors/`,
  );
  return `SUMMARY = "Trust anchors of the device"
LICENSE = "CLOSED"

# Beside this recipe in "files": trustme-pki export anchors --format pem NAME --output files/NAME.pem
SRC_URI = "${uris}"

do_install() {
${checks.join('\n')}
    install -d \${D}\${sysconfdir}/trust-anchors
${installs.join('\n')}
}

FILES:\${PN} += "\${sysconfdir}/trust-anchors"
`;
}

export interface Hashes {
  readonly name: string;
  /** Of the certificate, hexadecimal. */
  readonly sha256: string;
  /** Of the public key, base64: curl --pinnedpubkey, RFC 7469. */
  readonly pin: string;
}

export const hashesOf = ({ stem, certificate }: CertificateFile): Hashes => ({
  name: stem,
  sha256: sha256(certificate.raw),
  pin: `sha256//${createHash('sha256').update(certificateKey(certificate.raw)).digest('base64')}`,
});

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
