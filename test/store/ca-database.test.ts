import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { indexRow } from '../../scripts/lib/store/ca-database.ts';
import { inScratch } from '../helpers/scratch.ts';

const suite = makeSuite('ca-database');

/** A self-signed certificate (PEM) of the real openssl. */
const makeCertificate = (subject: string, days: number): Promise<string> =>
  inScratch(folder => {
    const configuration = join(folder, 'x.cnf');
    writeFileSync(
      configuration,
      `[req]\nutf8 = yes\nstring_mask = utf8only\nprompt = no\ndistinguished_name = dn\n[dn]\n${subject}\n`,
    );
    const args = [
      'req',
      '-new',
      '-x509',
      '-config',
      configuration,
      '-newkey',
      'ed25519',
      '-noenc',
      '-keyout',
      '/dev/null',
    ];
    return openssl([...args, '-set_serial', '0x4ABC', '-days', String(days)]);
  });

const openssl = (args: string[], input = ''): string =>
  execFileSync('openssl', args, {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, OPENSSL_CONF: '/dev/null' },
  });

/** The digits of `notAfter=2026-01-02 03:04:05Z`. */
const expiry = (certificate: string): string =>
  openssl(['x509', '-noout', '-enddate', '-dateopt', 'iso_8601'], certificate).replace(/[^0-9]/g, '');

/** As X509_NAME_oneline has it, which `openssl ca` writes. */
const oneLine = (certificate: string): string =>
  openssl(['x509', '-noout', '-subject', '-nameopt', 'compat'], certificate).replace(/^subject=\s*|\n$/g, '');

suite('a row is status, expiry, no revocation, serial, unknown and subject, separated by tabs', async () => {
  const certificate = await makeCertificate('C = DE\nO = OSS Release\nCN = x', 10);
  assert.is(indexRow(certificate), `V\t${expiry(certificate).slice(2)}Z\t\t4ABC\tunknown\t/C=DE/O=OSS Release/CN=x\n`);
});

suite('an expiry from 2050 on has a year of four digits', async () => {
  const certificate = await makeCertificate('CN = x', 20_000);
  const [, time] = indexRow(certificate).split('\t');
  assert.is(time, `${expiry(certificate)}Z`);
  assert.is(time?.length, 15);
});

suite('a year of this century before 2050 has two digits', async () => {
  const certificate = await makeCertificate('CN = x', 3650);
  assert.is(indexRow(certificate).split('\t')[1]?.length, 13);
});

const subjects = ['Müller', '漢字', 'a, b', 'a + b', 'a = b', 'a / b', 'a \\"b\\" c', 'a <b>; c', '𝕏', '\\#1', ' a'];
for (const subject of subjects)
  suite(`the subject ${subject} is written as openssl writes it`, async () => {
    const certificate = await makeCertificate(`CN = ${subject}`, 10);
    assert.is(indexRow(certificate).trimEnd().split('\t')[5], oneLine(certificate));
  });

suite('a UTF-8 subject is escaped byte by byte', async () => {
  const row = indexRow(await makeCertificate('CN = ü', 10));
  assert.match(row, /\/CN=\\xC3\\xBC\n$/);
});

suite.run();
