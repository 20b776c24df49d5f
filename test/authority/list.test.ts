import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatCsv, formatIssued, issuedOf, isWanted } from '../../scripts/lib/authority/list.ts';
import { parseIndex } from '../../scripts/lib/store/database-rows.ts';

const test = suite('list');
const NOW = new Date('2026-11-25T00:00:00Z');
const text = [
  'V\t270101000000Z\t\t0A\tunknown\t/CN=soon',
  'V\t20510101000000Z\t\tA1B2\tunknown\t/O=Firm/CN=late, "quoted"',
  'R\t270101000000Z\t261001120000Z,keyTime,20260901000000Z\t0C\tunknown\t/CN=lost',
  'R\t270101000000Z\t261001120000Z\t0D\tunknown\t/CN=plain',
  'V\t250101000000Z\t\t0E\tunknown\t=HYPERLINK("x")',
  'V\t270101000000Z\t\t0F\tunknown\t/CN=\u001b[31mred',
  'V\t270101000000Z\t\t10\tunknown\t/CN=J\\xC3\\xB6rg \\xE2\\x82\\xAC \\xC3 \\x0A \\xC2\\x9B',
].join('\n');
const { rows, malformed } = parseIndex(text);
const all = issuedOf(rows, new Map([['A', { sha256: 'f00', keySha256: 'ba5e' }]]), NOW);

test('states, reasons and requests', () => {
  assert.equal(malformed, []);
  assert.equal(
    all.map(({ status }) => status),
    ['valid', 'valid', 'revoked', 'revoked', 'expired', 'valid', 'valid'],
  );
  assert.equal(all[0], {
    serial: '0A',
    subject: '/CN=soon',
    notAfter: '2027-01-01T00:00:00Z',
    status: 'valid',
    request: 'f00',
    key: 'ba5e',
  });
  assert.is(all[1]!.notAfter, '2051-01-01T00:00:00Z');
  assert.equal([all[2]!.reason, all[2]!.revoked], ['keyCompromise', '2026-10-01T12:00:00Z']);
  assert.is(all[3]!.reason, 'unspecified');
});

test('filters are asked of rows', () => {
  const none = { status: undefined, subject: undefined, before: undefined };
  const serials = (filter: object) =>
    rows.filter(row => isWanted(row, { ...none, ...filter }, NOW)).map(({ serial }) => serial);
  assert.equal(serials({}).length, 7);
  assert.equal(serials({ subject: 'jörg' }), ['10']);
  assert.equal(serials({ status: 'expired' }), ['E']);
  assert.equal(serials({ subject: 'firm' }), ['A1B2']);
  assert.equal(serials({ before: new Date('2027-06-01') }), ['A', 'F', '10']);
});

test('letters that are not ASCII are shown, other octets as openssl writes them', () => {
  assert.is(all[6]!.subject, '/CN=Jörg € \\xC3 \\x0A \\xC2\\x9B');
});

test('names are shown and found in their letters, whatever openssl escapes and whatever string type they have', () => {
  const none = { status: undefined, before: undefined };
  const cases: [string, string, string[]][] = [
    ['/CN=a\\/b=c\\+d,e"f\\g', '/CN=a\\/b=c+d,e"f\\g', ['a/b=c+d', 'a\\/b', 'F\\G']],
    ['/CN=R\\+D\\/x/O=y', '/CN=R+D/x/O=y', ['r+d/x/o=y']],
    ['/CN=mv+serialNumber=7', '/CN=mv+serialNumber=7', ['mv+serialNumber=7']],
    ['/CN=mv\\+serialNumber=7', '/CN=mv\\+serialNumber=7', ['mv+serialNumber=7']],
    ['/O=x/CN=\\x00b\\x00\\/\\x00O\\x00= \\xAC\\xD8=\\xDE\\x00/C=DE', '/O=x/CN=b\\/O=€😀/C=DE', ['b/o=€😀/c']],
    ['/CN=J\\xC3\\xB6rg \\xE2\\x82\\xAC\\/\\+', '/CN=Jörg €/+', ['JÖRG €/+']],
    // What only looks like a BMPString: half a letter, control characters, half a pair.
    ['/CN=\\x00bm', '/CN=\\x00bm', ['\\x00bm']],
    ['/CN=\\x00b\\x00\\x1B', '/CN=\\x00b\\x00\\x1B', []],
    ['/CN=\\x00b\\xD8=', '/CN=\\x00b\\xD8=', []],
  ];
  for (const [written, shown, found] of cases) {
    const [row] = parseIndex(`V\t270101000000Z\t\t0A\tunknown\t${written}`).rows;
    assert.is(issuedOf([row!], new Map(), NOW)[0]!.subject, shown);
    for (const subject of found) assert.ok(isWanted(row!, { ...none, subject }, NOW), subject);
  }
});

test('CSV: quotes, and nothing that a spreadsheet would run', () => {
  const lines = formatCsv(all).split('\r\n');
  assert.is(lines[0], 'status,notAfter,serial,subject,revoked,reason,request');
  assert.is(lines[2], 'valid,2051-01-01T00:00:00Z,A1B2,"/O=Firm/CN=late, ""quoted""",,,');
  assert.match(lines[5]!, /,"'=HYPERLINK\(""x""\)",/);
});

test('text: no control character reaches the terminal', () => {
  assert.not(formatIssued(all).includes('\u001b'));
  assert.match(formatIssued(all), /\\u001b\[31mred/);
});

test.run();
