// completion: what bash offers, and a manual page that roff takes without a warning; both from the help texts.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isMissing, scratch, start, tool } from '../helpers/door.ts';
import { runProgram } from '../helpers/program.ts';

const test = suite('completion');
const folder = scratch();
const run = (...words: string[]) => runProgram(words, folder);
const printed = async (...words: string[]): Promise<string> => {
  const { status, stdout, stderr } = await run(...words);
  assert.is(status, 0, stderr);
  return stdout;
};
const VERBS = async () => [...(await printed('--help')).matchAll(/^ {2}(\S+) {2,}\S/gm)].map(([, name]) => name!);

test.before(async () => {
  writeFileSync(join(folder, 'complete.bash'), await printed('completion', 'bash'));
});

/** What bash offers for the last of these words. */
function offers(...words: string[]): string[] {
  const quoted = ['trustme-pki', ...words].map(word => `'${word}'`).join(' ');
  const script = `. ./complete.bash; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _trustme_pki; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return tool('bash', ['-c', script], folder).trim().split('\n');
}

test('bash completes verbs, first words and options', async () => {
  assert.equal(offers('sign-'), ['sign-csr']);
  assert.equal(offers('uefi', 'rot'), ['rotate']);
  assert.equal(offers('export', 'pk'), ['pkcs12']);
  assert.equal(offers('sign-csr', '--same'), ['--same-key']);
  assert.equal(offers('sign', '--key'), ['--key']);
  assert.ok(offers('sign', 'efi', '').includes('complete.bash'));
  const names = await VERBS();
  assert.ok(names.length > 20);
  assert.equal(
    offers('')
      .filter(word => !word.startsWith('--'))
      .sort(),
    [...names].sort(),
  );
});

test('bash offers every option that is told of, once, and no word of an example', () => {
  assert.equal(offers('show', '--b'), ['--brand']);
  assert.equal(offers('show', 'ssig', '--force'), ['--force-weak']);
  assert.equal(offers('graph', '--k'), ['--key-type']);
  assert.equal(offers('verify', '--d'), ['--dir']);
  assert.equal(offers('request', '--pl'), ['--platform-keys']);
  assert.equal(offers('export', 'anchors', '--ou'), ['--output']);
  // That of its example stands in the middle of a line.
  assert.equal(offers('ocsp', '--pr'), ['']);
  for (const verb of ['rekey', 'ocsp', 'renew', 'issue']) assert.not.ok(offers(verb, '').includes('backend'), verb);
});

test('bash offers the options of sub-verbs, and words where a value is one', () => {
  for (const option of ['--owner', '--revoked', '--release']) assert.ok(offers('uefi', 'add', '--').includes(option));
  assert.equal(offers('uefi', 'rotate', '--fi'), ['--finish']);
  assert.equal(offers('uefi', 'show', '--r'), ['']);
  assert.equal(offers('uefi', 'add'), ['add']);
  assert.equal(offers('graph', '--format', ''), ['tree', 'mermaid', 'svg', 'html']);
  assert.equal(offers('export', 'anchors', '--format', 'k'), ['kernel']);
  assert.equal(offers('list', 'user_subca', '--status', 'r'), ['revoked']);
  assert.ok(offers('revoke', 'name', '--reason', '').includes('certificateHold'));
});

test('shellcheck has nothing to say of it', () => {
  if (!isMissing('shellcheck')) tool('shellcheck', ['-s', 'bash', 'complete.bash'], folder);
});

test('zsh and fish get every verb with its options', async () => {
  for (const shell of ['zsh', 'fish']) {
    const text = await printed('completion', shell);
    for (const name of await VERBS()) assert.ok(text.includes(name), name);
    assert.match(text, /same-key/);
    assert.match(text, /generate-token-keys(:|' -d '|.* -d ')make keys that are to be in a token/);
    assert.match(text, /finish(:|.* -d ')end the time in which both are there/);
    assert.match(text, /valid revoked expired/);
  }
});

test('the manual page has every verb, and roff takes it', async () => {
  const page = await printed('completion', 'man');
  for (const name of await VERBS()) assert.ok(page.includes(`.SS ${name.replaceAll('-', '\\-')}\n`), name);
  assert.match(page, /^\.SS uefi add\n[\s\S]*\\-\\-owner GUID/m);
  assert.match(page, /^0: done.* 129, 130, 143: /m);
  writeFileSync(join(folder, 'page.1'), page);
  if (isMissing('groff')) return;
  const { status, stderr } = await start('groff', ['-man', '-ww', '-Tutf8', 'page.1'], { cwd: folder }).ended;
  assert.is(status, 0);
  assert.is(stderr, '');
});

test('a mistyped option in the place of a verb', async () => {
  const { status, stderr } = await run('--vesion');
  assert.is(status, 2);
  assert.match(stderr, /did you mean "--version"/);
});

test('another word is refused', async () => {
  const { status, stderr } = await run('completion', 'bahs');
  assert.is(status, 2);
  assert.match(stderr, /did you mean "bash"/);
});

test.run();
