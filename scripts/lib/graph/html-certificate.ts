// One certificate for the HTML report: its row in the overview, its card below.
import { DAY } from '../model/validity.ts';
import { visible } from './escape.ts';
import type { PictureCertificate, Row } from './picture.ts';
import { describeState, type Status, SYMBOLS, statusOf, statusOfState } from './status.ts';
import type { Axis } from './time-axis.ts';

const WORDS: Readonly<Record<Status, string>> = { ok: 'sound', info: 'note', warning: 'warning', error: 'error' };

export const percent = (position: number): string => `${Math.round(position * 10_000) / 100}%`;

/** A row: lines of the tree, name, bar on the time axis. */
export function viewRow({ certificate, isLast, depth }: Row, anchor: string, axis: Axis, now: string): unknown {
  const { notBefore, notAfter, state, issued } = certificate;
  const [start, end] = [axis.at(notBefore), axis.at(notAfter)];
  return {
    ...statusView(certificate),
    anchor,
    isRoot: depth === 0,
    hasIssued: issued.length > 0,
    lines: isLast.map((last, i) => (i === isLast.length - 1 ? (last ? 'end' : 'tee') : last ? 'gap' : 'bar')),
    name: visible(certificate.commonName),
    file: visible(certificate.file),
    keyType: visible(certificate.keyType),
    left: percent(start),
    width: percent(Math.max(end - start, 0.004)),
    barStatus: statusOfState(state),
    isRight: start >= 0.5,
    textRight: percent(1 - end),
    state: describeState(certificate, now),
  };
}

const statusView = (certificate: PictureCertificate) => {
  const status = statusOf(certificate);
  return { status, symbol: SYMBOLS[status], word: WORDS[status] };
};

/** A card: everything that is known of it. */
export function viewCertificate(certificate: PictureCertificate, anchor: string, now: string): unknown {
  const { commonName, role, extensions, files, findings } = certificate;
  return {
    ...statusView(certificate),
    anchor,
    role,
    name: visible(commonName),
    state: describeState(certificate, now),
    stateStatus: statusOfState(certificate.state),
    facts: factsOf(certificate).map(([name, value]) => ({
      name,
      lines: linesOf(visible(value)),
      isMono: name === 'Serial number' || isOctets(value),
    })),
    extensions: extensions.map(({ name, value }) => ({ name: visible(name), ...criticality(visible(value)) })),
    files: files.map(({ file, reader }) => ({ file: visible(file), reader: reader ?? null })),
    findings: findings.map(({ severity, file, message, hint }) => ({
      severity,
      symbol: SYMBOLS[severity],
      text: visible(`${file}: ${message}`),
      hint: hint === '' ? null : visible(hint),
    })),
  };
}

const criticality = (value: string) => ({
  isCritical: value.startsWith('critical, '),
  lines: linesOf(value.replace(/^critical, /, '')),
  isMono: isOctets(value),
});

/** Octets are compared by eye: lines of them break at the same places everywhere. */
function linesOf(value: string): string[] {
  if (!isOctets(value)) return [value];
  const octets = value.split(':');
  const width = octets.length > 20 ? 16 : 10;
  const starts = octets.map((_, i) => i).filter(i => i % width === 0);
  return starts.map(start => octets.slice(start, start + width).join(':'));
}

const isOctets = (value: string): boolean => /^[0-9A-F]{2}(:[0-9A-F]{2})+$/.test(value);

function factsOf(certificate: PictureCertificate): [string, string][] {
  const { subject, issuer, isIssuerKnown, keyType, signature, serial, sha256, variable, heldBy } = certificate;
  const facts: [string, string | undefined][] = [
    ['Subject', subject.map(({ name, value }, i) => `${separator(name, i)}${name}=${value}`).join('')],
    ['Issuer', isIssuerKnown ? issuer : `${issuer} (its certificate is not here)`],
    ['Key', keyType],
    ['Signature', signature],
    ['Validity', validityOf(certificate)],
    ['Serial number', serial],
    ['SHA-256', sha256],
    ['Fills', variable && `UEFI variable ${variable.name}, which holds ${variable.contains.join(', ') || 'nothing'}`],
    ['Authorised by', variable?.authoriser],
    ['Held by', variable || heldBy.length === 0 ? undefined : `UEFI variable ${heldBy.join(', ')}`],
    [
      'Issued to requests',
      certificate.issuedToRequests > 0 ? `${certificate.issuedToRequests} certificates` : undefined,
    ],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

/** "+" of the name itself joins attributes of one relative distinguished name. */
const separator = (name: string, index: number): string => (index === 0 ? '' : name.startsWith('+') ? ' ' : ', ');

function validityOf({ notBefore, notAfter }: PictureCertificate): string {
  const days = Math.round((Date.parse(notAfter) - Date.parse(notBefore)) / DAY);
  const time = (iso: string) => iso.replace('T', ' ').replace(/:\d\d\.\d+Z$/, '');
  return `${time(notBefore)} to ${time(notAfter)} UTC (${days} days)`;
}
