// PEM text (RFC 7468) into its blocks, line by line as openssl reads it: text around blocks is passed over. What its
// readers (PEM_read_bio, OSSL_STORE, -CAfile, node) take in different ways is refused: what is looked at here has to be
// what openssl acts on.

export interface PemBlock {
  readonly label: string;
  /** The block with its boundary lines and a final newline; no line has blanks at its end. */
  readonly text: string;
  /** Where it stands in the text that it was found in; `to` is behind its last line, without the line's end. */
  readonly from: number;
  readonly to: number;
}

const BEGIN = '-----BEGIN ';
/** RFC 7468, 3: printable characters, with single hyphens and blanks between them. */
const BEGIN_LINE = /^-----BEGIN ([!-,.-~]+(?:[- ][!-,.-~]+)*)-----$/;
/** UTF-8's byte order mark, which openssl passes over, as bytes and as a character. */
const BYTE_ORDER_MARK = /^(?:\xef\xbb\xbf|\ufeff)/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

const DIGIT = '[A-Za-z0-9+/]';
/**
 * A block as programs write it (RFC 7468, 3, stricttextualmsg), and the last of its lines. Of these the others are
 * spelled out: V8 keeps a way back for each turn of a loop in a loop, and has no room for those of a large list.
 */
const STRICT = new RegExp(
  `-----BEGIN ([A-Z0-9]+(?: [A-Z0-9]+)*)-----\\n(?:${DIGIT.repeat(64)}\\n)*(${DIGIT}{1,64}={0,2})\\n-----END \\1-----\\n`,
  'y',
);

/** The blocks of a text of nothing else; undefined: it is to be read line by line. */
function strictBlocks(text: string): PemBlock[] | undefined {
  const blocks: PemBlock[] = [];
  for (let from = 0; from < text.length; from = STRICT.lastIndex) {
    STRICT.lastIndex = from;
    const [block, label, lastLine] = STRICT.exec(text) ?? [];
    if (block === undefined || lastLine!.length % 4 !== 0) return undefined;
    blocks.push({ label: label!, text: block, from, to: from + block.length - 1 });
  }
  return blocks;
}

/** All blocks of a text, in order. Throws a RangeError, `its line …`, where readers would not agree which these are. */
export function pemBlocks(text: string): PemBlock[] {
  // Thousands are read in a run.
  const strict = strictBlocks(text);
  if (strict) return strict;
  const blocks: PemBlock[] = [];
  // Binary files are looked at, too.
  if (!text.includes(BEGIN)) return blocks;
  let open: { label: string; from: number; lines: string[]; number: number } | undefined;
  let at = 0;
  for (const [i, whole] of text.split('\n').entries()) {
    const from = at + (i === 0 ? (BYTE_ORDER_MARK.exec(whole)?.[0].length ?? 0) : 0);
    at += whole.length + 1;
    const line = withoutEnd(text.slice(from, at - 1));
    // Readers in C take it for the end of the line, or of the file.
    if (whole.includes('\0')) throw new RangeError(`its line ${i + 1} has a NUL`);
    if (open && line === `-----END ${open.label}-----`) {
      blocks.push({ ...closed(open, line), to: from + line.length });
      open = undefined;
    } else if (open) {
      if (line.includes('-----'))
        throw new RangeError(`its line ${i + 1} is not the END line of the ${open.label} of line ${open.number}`);
      open.lines.push(line);
    } else if (line.includes(BEGIN)) {
      const label = BEGIN_LINE.exec(line)?.[1];
      if (label === undefined) throw new RangeError(`its line ${i + 1} has "${BEGIN.trim()}" and is no BEGIN line`);
      open = { label, from, lines: [line], number: i + 1 };
    }
  }
  if (open) throw new RangeError(`its line ${open.number} begins a ${open.label} that does not end`);
  return blocks;
}

/** RFC 7468, 3: lines may have blanks at their end. No regular expression: those take squares of the time for many of them. */
function withoutEnd(line: string): string {
  let end = line.length;
  while (end > 0 && ' \t\r'.includes(line[end - 1]!)) end--;
  return line.slice(0, end);
}

/** Headers (RFC 1421) are for encrypted keys; node and openssl each pass over some that stand in other blocks. */
function closed(
  { label, from, lines, number }: { label: string; from: number; lines: string[]; number: number },
  end: string,
) {
  const body = lines
    .slice(1)
    .join('')
    .replace(/[ \t]+/g, '');
  if (!label.endsWith('PRIVATE KEY') && (!BASE64.test(body) || body.length % 4 !== 0 || lines.includes('')))
    throw new RangeError(`its line ${number} begins a ${label} that is not lines of base64`);
  return { label, text: `${[...lines, end].join('\n')}\n`, from };
}

/**
 * The PEM text of each certificate, in order, with the label of today. Throws a RangeError, `its line …` or `it …`, where
 * readers would not agree which these are.
 */
export const certificateBlocks = (text: string): string[] =>
  pemBlocks(text).flatMap(({ label, text: block }) => {
    if (label === 'TRUSTED CERTIFICATE')
      throw new RangeError(`it has a ${label} of openssl, which other readers pass over: openssl x509 -in`);
    if (label === 'CERTIFICATE') return [block];
    return label === 'X509 CERTIFICATE' ? [block.replaceAll(` ${label}-----`, ' CERTIFICATE-----')] : [];
  });

/** The block of a key file that readers take for the private key; undefined: there is none, or readers would not agree. */
export function privateKeyBlock(text: string): PemBlock | undefined {
  try {
    return pemBlocks(text).find(({ label }) => label.endsWith('PRIVATE KEY'));
  } catch {
    return undefined;
  }
}

/** Whether the private key of a key file needs a passphrase. */
export function isEncryptedKey(text: string): boolean {
  const block = privateKeyBlock(text);
  // Where readers do not agree, one that is not needed is asked for rather than one missed.
  if (!block) return text.includes('ENCRYPTED');
  return block.label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: *4,ENCRYPTED$/m.test(block.text);
}

/** PEM texts as one, in which each ends its last line: two boundaries on one line are none (RFC 7468). */
export const joinPem = (texts: readonly string[]): string =>
  texts.map(text => (text === '' || text.endsWith('\n') ? text : `${text}\n`)).join('');

/** The DER bytes of a PEM block. */
export const pemToDer = (block: string): Buffer => Buffer.from(block.replace(/^-----.*$/gm, ''), 'base64');

/** DER as a PEM block, with lines of 64 characters (RFC 7468). */
export const derToPem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
