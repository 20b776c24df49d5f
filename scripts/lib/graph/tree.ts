// A picture as text for a terminal: one line a certificate, its findings below it.
import type { Finding } from '../check/finding.ts';
import { shorten, visible } from './escape.ts';
import {
  allFindings,
  allRows,
  countFindings,
  type Group,
  type Picture,
  type PictureVariable,
  plural,
  type Row,
  rowsOf,
} from './picture.ts';
import { describeState, type Status, SYMBOLS, statusOf, statusOfState } from './status.ts';

type Paint = (status: Status | 'dim' | 'bold', text: string) => string;

const CODES = { ok: '32', info: '36', warning: '33', error: '31', dim: '2', bold: '1' } as const;

const painter =
  (isColoured: boolean): Paint =>
  (status, text) =>
    isColoured ? `\u001b[${CODES[status]}m${text}\u001b[0m` : text;

/** Lines without a final newline. */
export function formatTree(picture: Picture, isColoured: boolean): string {
  const paint = painter(isColoured);
  return [
    paint('bold', `${visible(picture.title)}: ${summary(picture)}`),
    ...picture.findings.map(finding => findingLine(finding, '', paint)),
    ...picture.groups.flatMap(group => ['', ...groupLines(group, picture, paint)]),
  ].join('\n');
}

/** `15 certificates, 1 warning`. */
export const summary = (picture: Picture): string =>
  [plural(allRows(picture).length, 'certificate'), ...countFindings(allFindings(picture))].join(', ');

function groupLines(group: Group, picture: Picture, paint: Paint): string[] {
  const rows = rowsOf(group);
  const cells = rows.map(row => cellsOf(row, picture));
  const widths = [0, 1, 2].map(i => Math.max(...cells.map(cell => [...cell[i]!].length)));
  const heading = group.kind === 'UEFI' ? [paint('bold', group.title)] : [];
  return [
    ...heading,
    ...rows.flatMap((row, i) => [
      formatRow(row, cells[i]!, widths, paint),
      ...detailsOf(row).map(text => below(row) + paint('dim', text)),
      ...row.certificate.findings.map(finding => findingLine(finding, below(row), paint)),
    ]),
  ];
}

/** Name with the lines before it, file, key, validity. */
function cellsOf({ certificate, isLast }: Row, { now }: Picture): string[] {
  const name = shorten(visible(certificate.commonName), 64);
  return [
    `${branch(isLast)}${SYMBOLS[statusOf(certificate)]} ${name}`,
    visible(certificate.file),
    visible(certificate.keyType),
    describeState(certificate, now),
  ];
}

function formatRow({ certificate }: Row, cells: readonly string[], widths: readonly number[], paint: Paint): string {
  const padded = cells.map((cell, i) => cell.padEnd((widths[i] ?? 0) + cell.length - [...cell].length));
  const [name = '', file = '', key = '', state = ''] = padded;
  const status = statusOf(certificate);
  const symbol = SYMBOLS[status];
  return [name.replace(symbol, paint(status, symbol)), file, key, paint(statusOfState(certificate.state), state)].join(
    '  ',
  );
}

/** What one line has no room for: fingerprints of trust anchors, UEFI variables, certificates from outside. */
function detailsOf({ certificate, depth }: Row): string[] {
  const { sha256, variable, heldBy, issuedToRequests, isIssuerKnown, issuer } = certificate;
  const details = [
    ...(depth === 0 && sha256 ? [`SHA-256 ${sha256}`] : []),
    ...(isIssuerKnown ? [] : [`its issuer is not here: ${issuer}`]),
    ...(variable ? [variableLine(variable)] : []),
    ...(!variable && heldBy.length > 0 ? [`held by the UEFI variable ${heldBy.join(', ')}`] : []),
    ...(issuedToRequests > 0 ? [`issued ${plural(issuedToRequests, 'certificate')} to requests`] : []),
  ];
  return details.map(visible);
}

const variableLine = ({ name, contains, authoriser }: PictureVariable): string =>
  `fills ${name}, which holds ${contains.join(', ') || 'nothing'}${authoriser ? `; its updates are signed by ${authoriser}` : ''}`;

const findingLine = ({ severity, file, message, hint }: Finding, indent: string, paint: Paint): string =>
  `${indent}${paint(severity, `${SYMBOLS[severity]} ${severity}`)}: ${visible(`${file}: ${message}`)}${hint ? ` (${visible(hint)})` : ''}`;

const BAR = '│  ';
const GAP = '   ';

const branch = (isLast: readonly boolean[]): string =>
  isLast.map((last, i) => (i < isLast.length - 1 ? (last ? GAP : BAR) : last ? '└─ ' : '├─ ')).join('');

/** The lines that go on below a certificate. */
const below = ({ certificate, isLast }: Row): string =>
  isLast.map(last => (last ? GAP : BAR)).join('') + (certificate.issued.length > 0 ? '│   ' : '    ');
