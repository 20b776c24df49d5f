// Lists by openssl, as they are read: every serial number, what is on hold, and which key signed.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pemToDer } from '../../scripts/lib/model/pem.ts';
import { forgottenBy, readRevocationList } from '../../scripts/lib/store/revocation-list.ts';
import { scratch, tool } from '../helpers/door.ts';

const test = suite('revocation list');
const folder = scratch();

const CONFIGURATION = `[ca]
default_ca = own
[own]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 30
crl_extensions = crl
[crl]
authorityKeyIdentifier = keyid:always
`;

/** The list (DER) that openssl makes of an index, and what it says of it. */
function listOf(name: string, rows: readonly string[], extra: readonly string[] = []) {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, 'ca.cnf'), CONFIGURATION);
  writeFileSync(join(path, 'index.txt'), rows.map(row => `${row}\n`).join(''));
  writeFileSync(join(path, 'index.txt.attr'), 'unique_subject = no\n');
  writeFileSync(join(path, 'crlnumber'), '01\n');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-keyout', 'ca.key'];
  tool(
    'openssl',
    ['req', '-x509', ...key, '-subj', '/CN=list', '-addext', 'subjectKeyIdentifier=hash', '-out', 'ca.cert'],
    path,
  );
  const config = ['-config', 'ca.cnf', '-cert', 'ca.cert', '-keyfile', 'ca.key'];
  tool('openssl', ['ca', ...config, '-gencrl', ...extra, '-out', 'list.crl'], path);
  const text = tool('openssl', ['crl', '-in', 'list.crl', '-noout', '-text'], path);
  const subject = tool('openssl', ['x509', '-in', 'ca.cert', '-noout', '-ext', 'subjectKeyIdentifier'], path);
  return { der: pemToDer(readFileSync(join(path, 'list.crl'), 'latin1')), text, subject };
}

const REASONS = ['', ',keyCompromise', ',certificateHold', ',keyTime,20260102000000Z', ',superseded'];
const rowOf = (i: number): string => {
  const serial = ((BigInt(i) + 1n) * 0x7edcba9876543210fedcba98765432n).toString(16).toUpperCase();
  const whole = serial.length % 2 === 0 ? serial : `0${serial}`;
  const [status, revocation] = i % 7 === 0 ? ['V', ''] : ['R', `261130060000Z${REASONS[i % 5]}`];
  return `${status}\t491130060000Z\t${revocation}\t${whole}\tunknown\t/CN=${i}`;
};

test('all that openssl lists is read, and what is on hold', () => {
  const { der, text, subject } = listOf(
    'many',
    Array.from({ length: 3000 }, (_, i) => rowOf(i)),
  );
  const { authority, number, revoked } = readRevocationList(der);
  const printed = text.split('Serial Number: ').slice(1);
  const expected = printed.map(each => [
    /^[0-9A-F]+/.exec(each)![0].replace(/^0+/, ''),
    !/Certificate Hold/.test(each),
  ]);
  assert.ok(expected.length > 2500);
  assert.equal([...revoked], expected);
  assert.is(number, 1n);
  assert.is(authority, /([0-9A-F]{2}:)+[0-9A-F]{2}/.exec(subject)![0].replaceAll(':', '').toLowerCase());
});

test('lists without entries have none', () => {
  assert.is(readRevocationList(listOf('none', []).der).revoked.size, 0);
});

test('what is cut off or none throws a TypeError', () => {
  const { der } = listOf('cut', [rowOf(1), rowOf(2)]);
  for (let end = 0; end < der.length; end++)
    assert.throws(
      () => readRevocationList(der.subarray(0, end)),
      (error: unknown) => error instanceof TypeError,
      `${end} octets`,
    );
});

test('forgotten is what has no row, and what is valid again without having been on hold', () => {
  const list = {
    ...{ authority: undefined, number: undefined, nextUpdate: undefined },
    revoked: new Map([
      ['A', true],
      ['B', true],
      ['C', false],
      ['D', false],
      ['E', true],
    ]),
  };
  const rows = [
    { serial: 'A', status: 'R' },
    { serial: 'B', status: 'V' },
    { serial: 'C', status: 'V' },
    { serial: 'F', status: 'V' },
  ] as const;
  assert.equal(forgottenBy(rows, list), ['B', 'D', 'E']);
});

test.run();
