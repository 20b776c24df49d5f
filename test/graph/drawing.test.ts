// One picture as tree, Mermaid, SVG and HTML; hostile text acts in none of them.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { UsageError } from '../../scripts/lib/errors.ts';
import { formatterOf } from '../../scripts/lib/graph/format.ts';
import { formatHtml } from '../../scripts/lib/graph/html.ts';
import { formatMermaid } from '../../scripts/lib/graph/mermaid.ts';
import { formatSvg } from '../../scripts/lib/graph/svg.ts';
import { formatTree } from '../../scripts/lib/graph/tree.ts';
import { certificateOf, example, hostile, pictureOf } from './example.ts';

const suite = makeSuite('drawing');

suite('a tree has a line for each certificate, and findings below theirs', () => {
  assert.is(
    formatTree(example, false),
    `pki: 5 certificates, 1 error, 1 warning
✖ error: x.cert: is torn

✔ Example root        root.cert   rsa:4096  valid until 2030-01-01
│   SHA-256 AB:CD
├─ ✔ Example sub      sub.cert    rsa:4096  valid until 2030-01-01
│  └─ ▲ Example leaf  leaf.cert   rsa:4096  expires soon: 2026-01-12 (in 9 days)
│         ▲ warning: leaf.key: is open (close it)
└─ ✔ Example other    other.cert  rsa:4096  valid until 2030-01-01
       held by the UEFI variable db
       issued 2 certificates to requests

UEFI keys
✔ DB  DB.cert  rsa:4096  valid until 2030-01-01
    SHA-256 AB:CD
    fills db, which holds DB, other; its updates are signed by KEK`,
  );
});

suite('colours come only where they are asked for', () => {
  assert.not.match(formatTree(example, false), '\u001b');
  assert.match(formatTree(example, true), '\u001b[33m▲ warning\u001b[0m: leaf.key');
});

suite('every state is said in words and by a symbol', () => {
  const times = { notBefore: '2020-01-01T00:00:00.000Z', notAfter: '2021-01-01T00:00:00.000Z' };
  const lines = formatTree(
    pictureOf([
      certificateOf('old', { ...times, state: 'expired' }),
      certificateOf('young', { notBefore: '2027-01-01T00:00:00.000Z', state: 'not yet valid' }),
      certificateOf('orphan', { isIssuerKnown: false, issuer: 'Gone CA' }),
    ]),
    false,
  );
  assert.match(lines, /✖ Example old .* expired on 2021-01-01/);
  assert.match(lines, /▲ Example young .* not valid before 2027-01-01/);
  assert.match(lines, 'its issuer is not here: Gone CA');
});

suite('Mermaid has boxes, arrows, and dotted arrows for UEFI variables', () => {
  const text = formatMermaid(example);
  for (const line of [
    'flowchart TD',
    '  subgraph g1["Example root"]',
    '    c3["#9650; Example leaf<br/>leaf.cert<br/>rsa:4096<br/>expires soon: 2026-01-12 #40;in 9 days#41;<br/>warning: is open"]',
    '    c1 --> c2',
    '    c2 --> c3',
    '  class c3 warning',
    '  v1[("db")]',
    '  c5 -. in .-> v1',
    '  c4 -. in .-> v1',
  ])
    assert.ok(text.split('\n').includes(line), `${line}\nis missing in\n${text}`);
});

suite('SVG has a bar for each certificate, an axis, and the day', () => {
  const text = formatSvg(example);
  assert.is(text.match(/class="bar /g)?.length, 5);
  assert.match(text, '>today</text>');
  assert.match(text, '>2028</text>');
  assert.match(text, 'class="bar warning"');
  assert.not.match(text, /<script|href=|url\(/);
});

suite('a certificate without an end does not press the others into a line', () => {
  const endless = certificateOf('endless', { notAfter: '9999-12-31T23:59:59.000Z' });
  const widths = [...formatSvg(pictureOf([endless, certificateOf('usual')])).matchAll(/width="([\d.]+)" height="10"/g)];
  assert.ok(Number(widths[1]![1]) > Number(widths[0]![1]) / 10, widths.join());
});

suite('the HTML report shows everything, needs no network and runs no script', async () => {
  const text = await formatHtml(example, '1.2.3');
  for (const part of [
    'Hierarchy of Example root',
    'UEFI keys',
    'expires soon: 2026-01-12 (in 9 days)',
    'AB:CD',
    '<span class="critical">critical</span> <span>CA:FALSE</span>',
    'a reader',
    '▲ warning',
    '(close it)',
    'x.cert',
    'UEFI variable db, which holds DB, other',
    'prefers-color-scheme: dark',
    '@media print',
    "default-src 'none'",
  ])
    assert.ok(text.includes(part), `${part} is missing`);
  assert.not.match(text, /<script|<link|<img|src=|url\(|@import/);
  assert.equal(
    [...text.matchAll(/href="([^"]*)"/g)].filter(([, target]) => !target!.startsWith('#')),
    [],
  );
});

suite('hostile text acts nowhere', async () => {
  const drawn = {
    tree: formatTree(hostile, false),
    mermaid: formatMermaid(hostile),
    svg: formatSvg(hostile),
    html: await formatHtml(hostile, '1.2.3'),
  };
  for (const [format, text] of Object.entries(drawn)) {
    assert.not.ok(text.includes('\u001b') || text.includes('\u202e'), format);
    assert.match(text, 'script', format);
    if (format !== 'tree') assert.not.match(text, '<script', format);
  }
  const labels = [...drawn.mermaid.matchAll(/\["(.*)"\]/g)].map(([, label]) => label!.replaceAll('<br/>', ''));
  assert.is(labels.length, 2);
  for (const label of labels) assert.not.match(label, /[<>"`{}[\]()|%]/);
});

suite('a wrong format is told with the nearest right one', () => {
  const refused = (format: string | undefined, isJson = false) => {
    try {
      formatterOf(format, isJson);
    } catch (error) {
      assert.instance(error, UsageError);
      return `${(error as UsageError).message}: ${(error as UsageError).hint}`;
    }
    return 'taken';
  };
  assert.is(refused('htm'), 'unknown format "htm": did you mean "html"? The formats are tree, mermaid, svg, html');
  assert.match(refused('toString'), 'give one of tree, mermaid, svg, html');
  assert.match(refused('json'), 'did you mean "--json"?');
  assert.match(refused('svg', true), '--json and --format exclude each other');
  assert.is(refused(undefined, true), 'taken');
  assert.is(refused('svg'), 'taken');
});

suite.run();
