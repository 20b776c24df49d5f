// A picture as one HTML report that needs no network and runs no script: templates/report.html.hbs and its values.
import type { Finding } from '../check/finding.ts';
import { readTemplate } from '../store/templates.ts';
import { visible } from './escape.ts';
import { percent, viewCertificate, viewRow } from './html-certificate.ts';
import { allFindings, allRows, countFindings, type Picture, type PictureCertificate, rowsOf } from './picture.ts';
import { dayOf, SYMBOLS, worstOf } from './status.ts';
import { makeAxis } from './time-axis.ts';

export const REPORT_TEMPLATE = 'report.html.hbs';

/** The whole page; `version` is that of the program. */
export async function formatHtml(picture: Picture, version: string): Promise<string> {
  const { default: Handlebars } = await import('handlebars');
  // noEscape stays off: the values hold whatever somebody wrote into a certificate.
  const template = Handlebars.create().compile(readTemplate(REPORT_TEMPLATE), { strict: true, knownHelpersOnly: true });
  return template(viewReport(picture, version)).trimEnd();
}

/** Everything that the page shows, as text that is made visible but not yet escaped. */
export function viewReport(picture: Picture, version: string): Record<string, unknown> {
  const axis = makeAxis(picture);
  const anchors = new Map(allRows(picture).map(({ certificate }, i) => [certificate, `c${i + 1}`]));
  const rows = picture.groups.map(group => ({
    title: group.kind === 'UEFI' ? group.title : null,
    rows: rowsOf(group).map(row => viewRow(row, anchors.get(row.certificate)!, axis, picture.now)),
  }));
  return {
    title: visible(picture.title),
    kind: picture.source === 'directory' ? 'PKI directory' : 'PKI configuration',
    isPlanned: picture.source === 'configuration',
    date: dayOf(picture.now),
    version,
    tiles: tilesOf(picture),
    findings: findingsOf(picture, anchors),
    ticks: axis.ticks.map(({ at, label }) => ({ left: percent(at), label })),
    today: percent(axis.today),
    groups: rows,
    sections: picture.groups.map(group => ({
      title: group.kind === 'UEFI' ? group.title : `Hierarchy of ${visible(group.title)}`,
      certificates: rowsOf(group).map(({ certificate }) =>
        viewCertificate(certificate, anchors.get(certificate)!, picture.now),
      ),
    })),
  };
}

interface Tile {
  readonly value: string;
  readonly label: string;
  readonly status: string;
}

function tilesOf(picture: Picture): Tile[] {
  const rows = allRows(picture);
  const hierarchies = picture.groups.filter(({ kind }) => kind === 'hierarchy').length;
  const next = rows.map(({ certificate }) => certificate).reduce(sooner, undefined);
  const status = worstOf(picture);
  const counts = countFindings(allFindings(picture)).join(', ') || (status === 'ok' ? 'nothing found' : 'see validity');
  const verdict = { value: counts, label: 'Findings', status };
  return [
    { value: String(rows.length), label: 'Certificates', status: '' },
    { value: String(hierarchies), label: hierarchies === 1 ? 'Hierarchy' : 'Hierarchies', status: '' },
    ...(next ? [{ value: dayOf(next.notAfter), label: `First end: ${visible(next.commonName)}`, status: '' }] : []),
    ...(picture.source === 'directory' ? [verdict] : []),
  ];
}

const sooner = (first: PictureCertificate | undefined, other: PictureCertificate): PictureCertificate =>
  first && first.notAfter <= other.notAfter ? first : other;

/** Errors first; each leads to its certificate. */
function findingsOf(picture: Picture, anchors: ReadonlyMap<PictureCertificate, string>): unknown[] {
  const general = picture.findings.map(finding => viewFinding(finding, null));
  const others = [...anchors].flatMap(([{ findings }, anchor]) => findings.map(each => viewFinding(each, anchor)));
  const all = [...general, ...others];
  return (['error', 'warning', 'info'] as const).flatMap(severity => all.filter(each => each.severity === severity));
}

const viewFinding = ({ severity, file, message, hint }: Finding, anchor: string | null) => ({
  severity,
  symbol: SYMBOLS[severity],
  file: visible(file),
  message: visible(message),
  hint: hint === '' ? null : visible(hint),
  anchor,
});
