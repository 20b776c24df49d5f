// A picture as SVG: hierarchies on the left, validities on a common time axis on the right. One file, no script.
import { shorten, xml } from './escape.ts';
import { type Picture, type Row, rowsOf } from './picture.ts';
import { describeState, SYMBOLS, statusOf, statusOfState } from './status.ts';
import { SVG_STYLE } from './svg-style.ts';
import { type Axis, makeAxis } from './time-axis.ts';
import { summary } from './tree.ts';

const WIDTH = 1080;
const HEAD = 92;
const ROW = 42;
const INDENT = 20;
const MARGIN = 24;
/** Where the time axis begins and how wide it is. */
const AXIS = { left: 500, width: WIDTH - 500 - MARGIN };

const xAt = (position: number): number => round(AXIS.left + position * AXIS.width);
const round = (value: number): number => Math.round(value * 10) / 10;

/** Lines without a final newline. */
export function formatSvg(picture: Picture): string {
  const axis = makeAxis(picture);
  const lines: string[] = [];
  let y = HEAD;
  for (const group of picture.groups) {
    if (group.kind === 'UEFI') {
      lines.push(text(MARGIN, y + 28, 'heading', group.title));
      y += ROW;
    }
    for (const row of rowsOf(group)) {
      lines.push(...rowLines(row, y, axis, picture.now));
      y += ROW;
    }
    y += ROW / 2;
  }
  const title = `${picture.title}: ${summary(picture)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">`,
    `<title>${xml(title)}</title>`,
    `<style>${SVG_STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${y}"/>`,
    text(MARGIN, 36, 'title', shorten(title, 110)),
    ...axisLines(axis, y),
    ...todayLines(axis, y),
    ...lines,
    '</svg>',
  ].join('\n');
}

const text = (x: number, y: number, kind: string, content: string, anchor = 'start'): string =>
  `<text x="${x}" y="${y}" class="${kind}" text-anchor="${anchor}">${xml(content)}</text>`;

const line = (x1: number, y1: number, x2: number, y2: number, kind: string): string =>
  `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" class="${kind}"/>`;

const axisLines = ({ ticks }: Axis, height: number): string[] =>
  ticks.flatMap(({ at, label }) => [
    line(xAt(at), HEAD - 8, xAt(at), height - 12, 'tick'),
    text(xAt(at), HEAD - 14, 'small', label, 'middle'),
  ]);

const todayLines = ({ today }: Axis, height: number): string[] => [
  line(xAt(today), HEAD - 26, xAt(today), height - 12, 'today'),
  text(xAt(today), HEAD - 31, 'now', 'today', today > 0.9 ? 'end' : 'middle'),
];

function rowLines(row: Row, y: number, axis: Axis, now: string): string[] {
  const { certificate, depth } = row;
  const status = statusOf(certificate);
  const x = MARGIN + depth * INDENT;
  const room = Math.max(8, Math.floor((AXIS.left - x - 40) / 7.2));
  const detail = `${certificate.file}  ·  ${certificate.keyType}${status === 'ok' ? '' : `  ·  ${wordOf(row)}`}`;
  return [
    `<g><title>${xml(`${certificate.commonName}, ${certificate.file}`)}</title>`,
    ...connectors(row, y),
    text(x, y + 19, status, SYMBOLS[status]),
    text(x + 20, y + 19, depth === 0 ? 'name root' : 'name', shorten(certificate.commonName, room)),
    text(x + 20, y + 33, 'small', shorten(detail, Math.floor(room * 1.15))),
    ...bar(row, y, axis, now),
    '</g>',
  ];
}

/** What is wrong, in a word or two. */
function wordOf({ certificate: { findings, state } }: Row): string {
  const worst = (['error', 'warning', 'info'] as const).find(each =>
    findings.some(({ severity }) => severity === each),
  );
  return [...(worst ? [`${worst}: ${findings.find(({ severity }) => severity === worst)!.message}`] : [])]
    .concat(state === 'valid' ? [] : [state])
    .join(', ');
}

/** Vertical lines of the ancestors that go on, the elbow to this certificate, the line down to what it issued. */
function connectors({ isLast, depth, certificate }: Row, y: number): string[] {
  const at = (level: number) => MARGIN + level * INDENT + 6;
  const vertical = (level: number, from: number, to: number) => line(at(level), from, at(level), to, 'branch');
  const passing = isLast.flatMap((last, i) => (last ? [] : [vertical(i, y, y + ROW)]));
  const elbow = line(at(depth - 1), y + 15, at(depth - 1) + INDENT - 9, y + 15, 'branch');
  return [
    ...passing,
    ...(isLast.at(-1) ? [vertical(depth - 1, y, y + 15)] : []),
    ...(depth > 0 ? [elbow] : []),
    ...(certificate.issued.length > 0 ? [vertical(depth, y + 26, y + ROW)] : []),
  ];
}

function bar({ certificate }: Row, y: number, axis: Axis, now: string): string[] {
  const [start, end] = [xAt(axis.at(certificate.notBefore)), xAt(axis.at(certificate.notAfter))];
  const status = statusOfState(certificate.state);
  const width = Math.max(3, round(end - start));
  const isRight = start < AXIS.left + AXIS.width / 2;
  return [
    `<rect x="${start}" y="${y + 9}" width="${width}" height="10" rx="2" class="bar ${status}"/>`,
    text(isRight ? start + 5 : end, y + 33, 'small', describeState(certificate, now), isRight ? 'start' : 'end'),
  ];
}
