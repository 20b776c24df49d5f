// A picture as a Mermaid flowchart: arrows go from issuer to subject, dotted ones say what UEFI variables hold.
import { mermaidText } from './escape.ts';
import { type Group, type Picture, type PictureCertificate, type PictureVariable, rowsOf } from './picture.ts';
import { describeState, SYMBOLS, statusOf } from './status.ts';

const CLASSES = [
  'classDef warning stroke:#b7791f,stroke-width:3px',
  'classDef error stroke:#c0392b,stroke-width:3px,stroke-dasharray:6 3',
];

/** Lines without a final newline. */
export function formatMermaid(picture: Picture): string {
  const names = new Map<PictureCertificate, string>();
  for (const group of picture.groups)
    for (const { certificate } of rowsOf(group)) names.set(certificate, `c${names.size + 1}`);
  const groups = picture.groups.flatMap((group, i) => groupLines(group, i, names, picture.now));
  return ['flowchart TD', ...[...groups, ...variableLines(names), ...CLASSES].map(line => `  ${line}`)].join('\n');
}

type Names = ReadonlyMap<PictureCertificate, string>;

function groupLines(group: Group, index: number, names: Names, now: string): string[] {
  const rows = rowsOf(group);
  const boxes = rows.map(({ certificate }) => `  ${names.get(certificate)}["${label(certificate, now)}"]`);
  const arrows = rows.flatMap(({ certificate }) =>
    certificate.issued.map(each => `  ${names.get(certificate)} --> ${names.get(each)}`),
  );
  const classes = rows
    .filter(({ certificate }) => ['warning', 'error'].includes(statusOf(certificate)))
    .map(({ certificate }) => `class ${names.get(certificate)} ${statusOf(certificate)}`);
  return [
    `subgraph g${index + 1}["${mermaidText(group.title)}"]`,
    '  direction TB',
    ...boxes,
    ...arrows,
    'end',
    ...classes,
  ];
}

function label(certificate: PictureCertificate, now: string): string {
  const status = statusOf(certificate);
  const problems = certificate.findings.map(({ severity, message }) => `${severity}: ${message}`);
  const lines = [
    `${status === 'ok' ? '' : `${SYMBOLS[status]} `}${certificate.commonName}`,
    certificate.file,
    certificate.keyType,
    describeState(certificate, now),
    ...problems,
  ];
  return lines.map(mermaidText).join('<br/>');
}

function variableLines(names: Names): string[] {
  const byStem = new Map([...names].map(([{ stem }, name]) => [stem, name]));
  const variables = [...names.keys()].map(({ variable }) => variable).filter(variable => variable !== undefined);
  return variables.flatMap((variable, i) => linesOf(variable, `v${i + 1}`, byStem));
}

function linesOf(variable: PictureVariable, name: string, byStem: ReadonlyMap<string, string>): string[] {
  const known = (stems: readonly (string | undefined)[]) =>
    stems.map(stem => byStem.get(stem ?? '')).filter(found => found !== undefined);
  return [
    `${name}[("${mermaidText(variable.name)}")]`,
    ...known(variable.contains).map(held => `${held} -. in .-> ${name}`),
    ...known([variable.authoriser]).map(authoriser => `${authoriser} -. authorises .-> ${name}`),
  ];
}
