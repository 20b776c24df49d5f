// What a person and a program are told: nothing that a directory holds gets to a terminal as it is.
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { error, info, inOrder, isSound, warning } from '../../scripts/lib/check/finding.ts';
import { formatFindings, formatJson } from '../../scripts/lib/check/report.ts';
import { scratch } from '../helpers/door.ts';
import { openssl, verify } from './sound-pki.ts';

const test = suite('report');

const FINDINGS = inOrder([
  info('leftover', 'a', 'left'),
  warning('stray-file', 'b', 'stray', 'move it away'),
  error('expired', 'c', 'ended', ''),
  error('expired', 'b', 'ended', 'make a new one'),
  error('expired', 'b', 'ended', 'make a new one'),
]);

test('the worst comes first, then by file, nothing twice, and the sum at the end', () => {
  assert.is(
    formatFindings('DIR', FINDINGS),
    [
      'error  b: ended [expired]',
      '       hint: make a new one',
      'error  c: ended [expired]',
      'warning  b: stray [stray-file]',
      '       hint: move it away',
      'info  a: left [leftover]',
      'DIR: 2 errors, 1 warning',
    ].join('\n'),
  );
});

test('info alone leaves it sound', () => {
  const notes = [info('leftover', 'a', 'left')];
  assert.ok(isSound(notes));
  assert.match(formatFindings('DIR', notes), /\nDIR is sound$/);
  assert.not(isSound([warning('stray-file', 'b', 'stray')]));
});

test('the JSON is that of schema 1', () => {
  const { findings, ...rest } = JSON.parse(formatJson('/dir', FINDINGS));
  assert.equal(rest, { schema: 1, directory: '/dir', sound: false });
  assert.equal(findings[0], {
    severity: 'error',
    code: 'expired',
    file: 'b',
    message: 'ended',
    hint: 'make a new one',
  });
});

test('hostile names of files and of subjects reach neither the terminal nor openssl as they are', async () => {
  const out = scratch();
  const CNF =
    '[req]\ndistinguished_name=dn\nprompt=no\nutf8=yes\n[dn]\nCN=evil \u001b[2J error 1: verification failed\n';
  writeFileSync(join(out, 'cnf'), CNF);
  const names = [
    '-CAfile.cert',
    '$(touch hacked).cert',
    'a\nerror 0: verification failed.cert',
    '\u001b[2J\u009b.cert',
  ];
  for (const name of names) {
    openssl(
      out,
      'req -x509 -new -config cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout k -out c -days 1',
    );
    openssl(out, 'req -x509 -new -config cnf -key k -CA c -CAkey k -subj /CN=end -out e');
    cpSync(join(out, 'e'), join(out, name));
    cpSync(join(out, 'k'), join(out, name.replace('.cert', '.key')));
  }
  const findings = await verify(out);
  assert.is(findings.filter(({ code }) => code === 'chain-broken').length, names.length);
  const [text, json] = [formatFindings(`${out}\u001b`, findings), formatJson(out, findings)];
  assert.not.match(text.replaceAll('\n', ''), /\p{Cc}/u);
  assert.not.match(json, /\p{Cc}/u);
  assert.equal(JSON.parse(json).findings, findings);
  assert.match(text, /^error {2}\\u001b\[2J\\u009b\.cert: no trust anchor/m);
});

test.run();
