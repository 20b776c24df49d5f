// A plan as a shell script: every step's lines do what the program does, and hold no secret.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import type { KeyType, TokenKey } from '../../scripts/lib/model/types.ts';
import { command, job, type Step } from '../../scripts/lib/plan/job.ts';
import { jobShell, scriptOf, secretsOf, shellOf } from '../../scripts/lib/plan/script.ts';
import { inScratch } from '../helpers/scratch.ts';
import { planOf, readShipped } from '../helpers/shipped.ts';
import { tokenKey } from '../helpers/token-key.ts';

const suite = makeSuite('script');

const token = (given: Partial<TokenKey> = {}): TokenKey =>
  tokenKey({ token: 't', object: "it's", module: '/m.so', ...given });
const useToken = (key: TokenKey, mayGenerate: boolean, keyType: KeyType = { kind: 'rsa', bits: 3072 }): Step => ({
  kind: 'token',
  key,
  keyType,
  label: 'stem',
  mayGenerate,
  road: 'engine',
});

/** Runs the lines in a folder with some files; what they wrote to `out`, and its mode. */
const runIn = (files: Readonly<Record<string, string>>, step: Step): Promise<{ text: string; mode: number }> =>
  inScratch(folder => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    execFileSync('/bin/sh', ['-euc', shellOf(step, 'out file')], { cwd: folder });
    const out = join(folder, 'out file');
    return { text: readFileSync(out, 'utf8'), mode: statSync(out).mode & 0o777 };
  });

for (const text of ['', 'a\n', 'a\n\nb\n', "$HOME `id` \\ 'x'\n", 'END\nEND_\nx\n'])
  suite(`a text is written as it is: ${JSON.stringify(text)}`, async () => {
    assert.is((await runIn({}, { kind: 'write', text })).text, text);
  });

suite('files are put together, for the owner alone where a key is among them', async () => {
  const files = { 'a b': 'A', c: 'C' };
  const parts = [{ file: 'a b' }, { file: 'c' }];
  assert.equal(await runIn(files, { kind: 'concatenate', parts, mode: 0o600 }), { text: 'AC', mode: 0o600 });
  assert.is((await runIn(files, { kind: 'concatenate', parts: [{ file: 'a b' }], mode: 0o644 })).text, 'A');
  assert.is(
    shellOf({ kind: 'concatenate', parts: [{ file: 'k' }, { file: 'c', first: true }], mode: 0o600 }, 'o'),
    '(umask 077; { awk 1 k; openssl x509 -in c; } >o)',
  );
});

suite('no file at all makes an empty one', async () => {
  assert.is((await runIn({}, { kind: 'concatenate', parts: [], mode: 0o644 })).text, '');
});

suite('a key from elsewhere is copied with its mode; of a certificate the first', async () => {
  const copied = await runIn({ key: 'K' }, { kind: 'copy', source: 'key', first: false, mode: 0o600 });
  assert.equal(copied, { text: 'K', mode: 0o600 });
  assert.is(shellOf({ kind: 'copy', source: 'c', first: true, mode: 0o644 }, 'o'), 'openssl x509 -in c -out o');
});

suite('the DER form, and a row of the index for each certificate', () => {
  assert.is(shellOf({ kind: 'der', certificate: 'c' }, 'o'), 'openssl x509 -in c -outform DER -out o');
  assert.is(shellOf({ kind: 'index', certificates: [] }, 'i'), ': >i');
  assert.is(
    shellOf({ kind: 'index', certificates: ['a', 'b c'] }, 'i'),
    `for certificate in a 'b c'; do index_row "$certificate"; done >i`,
  );
});

suite('a key in a token is made only where it may be and is not there', () => {
  const found = shellOf(useToken(token(), false), 'k.key');
  assert.not.match(found, /pkcs11-tool/);
  assert.match(found, /^\(umask 077; \{ printf '%s' '# The private key is in a PKCS #11 token;/);
  assert.match(found, /openssl pkey -in .*'?; \} >k\.key\)$/);
  const made = shellOf(useToken(token(), true), 'k.key');
  const [listing = '', generation = '', file] = made.split('\n', 3);
  assert.match(
    listing,
    / --list-objects --type privkey \| sed -n 's\/\^ \*label: \*\/\/p' \| grep -qxF 'it'\\''s' \|\|$/,
  );
  assert.match(generation, / --keypairgen --key-type rsa:3072 .* --id "\$\(openssl rand -hex 8\)" --usage-sign$/);
  assert.match(file!, /^\(umask 077;/);
  assert.ok(made.endsWith(found.slice(found.indexOf('uri = '))));
});

suite('a key that is named by its id is looked for by it, in lower case as pkcs11-tool prints it', () => {
  const made = shellOf(useToken(token({ object: undefined, id: 'BEEF' }), true), 'k.key');
  assert.match(made, /s\/\^ \*ID: \*\/\/p' \| grep -qxF beef /);
  assert.match(made, / --label stem --id BEEF /);
  assert.not.match(made, /rand -hex/);
});

suite('efitools find the engine by settings; openssl needs none', () => {
  const key = token();
  assert.match(shellOf(command('sign-efi-sig-list', ['x'], [], key), 'o'), /^OPENSSL_CONF="\$settings" /);
  assert.not.match(shellOf(command('openssl', ['x'], [], key), 'o'), /OPENSSL_CONF/);
  assert.not.match(shellOf(command('sign-efi-sig-list', ['x']), 'o'), /OPENSSL_CONF/);
  assert.not.match(jobShell(job('o', [], command('sign-efi-sig-list', ['x'], [], key))), /OPENSSL_CONF/);
  assert.is(jobShell(job('o', [], { kind: 'write', text: '' })), ': >o');
});

suite('the variables with secrets are named once, in order', () => {
  const jobs = [
    job('a', [], command('openssl', [], ['Z', 'B'])),
    job('b', [], useToken(token(), false)),
    job('c', [], command('openssl', [], ['B'])),
    job('d', [], { kind: 'write', text: '' }),
  ];
  assert.equal(secretsOf(jobs), ['B', 'MY_PIN', 'Z']);
});

const whole = (jobs: readonly ReturnType<typeof job>[], folders: readonly string[] = ['.pki']): string =>
  scriptOf({ jobs, inputs: [], folders }, 'A plan', ['mind\u001b[31m this'], {
    engine: '[engine]\nx = y\n',
    provider: '[provider]\nx = y\n',
  });

suite('the head asks for each secret, tells the notes, counts jobs and keys', () => {
  const text = whole([
    job('k', [], command('openssl', ['genpkey'], ['SECRET']), { makesKey: true }),
    job('c', ['k'], command('openssl', ['req']), { makes: ['c', 'd'] }),
  ]);
  assert.match(text, /^#!\/bin\/sh\n# A plan\n# 2 jobs, 1 keys\./);
  assert.match(text, /^# note: mind\\u001b\[31m this$/m);
  assert.match(text, /^: "\$\{SECRET:\?is a passphrase or PIN: set and export it\}"$/m);
  assert.match(text, /^# 1\/2 k\nopenssl genpkey$/m);
  assert.match(text, /^# 2\/2 c\n# makes: c d\n# needs: k\nopenssl req$/m);
  for (const absent of ['index_row()', 'settings', 'TRUSTME_PKCS11_MODULE', 'rm -r'])
    assert.not.ok(text.includes(absent));
});

suite('scratch folders are taken away, index rows are explained once, where they are there', () => {
  const text = whole(
    [job('i', [], { kind: 'index', certificates: ['a'] }), job('j', [], { kind: 'index', certificates: ['b'] })],
    ['.pki/scratch/a'],
  );
  assert.is(text.match(/^index_row\(\) \{$/gm)!.length, 1);
  assert.match(text, /\nrm -r \.pki\/scratch\n$/);
  assert.not.match(whole([], ['.pki/scratchpad']), /rm -r/);
});

suite('tokens: the settings for efitools, and the module where no key names it', () => {
  const named = whole([job('k', [], useToken(token(), false))]);
  assert.match(named, /^settings=\$\(mktemp\) provider=\$\(mktemp\)$/m);
  assert.not.match(named, /\[provider\]/);
  assert.match(named, /^cat >"\$settings" <<'END'\n\[engine\]\nx = y\nEND$/m);
  assert.not.match(named, /TRUSTME_PKCS11_MODULE/);
  const asked = whole([job('k', [], useToken(token({ module: undefined }), false))]);
  assert.match(asked, /^: "\$\{TRUSTME_PKCS11_MODULE:\?is the path of the PKCS #11 module: set and export it\}"$/m);
  assert.match(asked, /^export TRUSTME_PKCS11_MODULE PKCS11_MODULE_PATH="\$TRUSTME_PKCS11_MODULE"$/m);
});

suite('by the provider: settings for openssl, and the module in their words', () => {
  const step = { ...useToken(token(), false), road: 'provider' } as Step;
  const text = whole([job('k', [], step)]);
  assert.match(text, /^cat >"\$provider" <<'END'\n\[provider\]\nx = y\nEND$/m);
  assert.match(
    text,
    / OPENSSL_CONF="\$provider" TRUSTME_PKCS11_MODULE=\/m\.so PKCS11_MODULE_PATH=\/m\.so openssl pkey /,
  );
});

suite('a shell can read the script of the shipped configuration, each job in it', () => {
  const plan = planOf(readShipped().hierarchy);
  const text = scriptOf(plan, 'shipped', [], { engine: '', provider: '' });
  execFileSync('/bin/sh', ['-n'], { input: text });
  plan.jobs.forEach(({ id }, i) => {
    assert.ok(text.includes(`\n# ${i + 1}/${plan.jobs.length} ${id}\n`), id);
  });
});

suite.run();
