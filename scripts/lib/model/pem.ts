// PEM text (RFC 7468) into its blocks. Text around the blocks is passed over.

export interface PemBlock {
  readonly label: string;
  /** The block with its boundary lines and a final newline. */
  readonly text: string;
}

/** All blocks of a text, in order. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks = text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----\r?\n[\s\S]*?-----END \1-----/g);
  return [...blocks].map(([block, label]) => ({ label: label!, text: `${block}\n` }));
}

/** The PEM text of each certificate, in order. */
export const certificateBlocks = (text: string): string[] =>
  pemBlocks(text)
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(block => block.text);

/** The DER bytes of a PEM block. */
export function pemToDer(block: string): Buffer {
  const body = block.split(/\r?\n/).filter(line => line !== '' && !line.startsWith('-----'));
  return Buffer.from(body.join(''), 'base64');
}

/** DER as a PEM block, with lines of 64 characters (RFC 7468). */
export const derToPem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
