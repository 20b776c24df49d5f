// Who signs by a key in a token: what may be wrong with that, said in one way by all that use it. With SoftHSM2.
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, isMissing, scratch } from '../helpers/door.ts';
import { runProgram } from '../helpers/program.ts';
import { keySection, makeToken, PIN, pkcs11, softhsm } from '../helpers/token.ts';

const test = suite('signers in tokens');
const folder = scratch();
const EFI = '/usr/lib/efitools/x86_64-linux-gnu/HelloWorld.efi';
const isThere = !isMissing('softhsm2-util') && !isMissing('pkcs11-tool') && !isMissing('sbsign') && existsSync(EFI);
const reach = isThere ? softhsm(folder) : {};
const path = (name: string) => join(folder, name);
const KEYS = [
  ['ssig_subca', 'software-signing', '01'],
  ['KEK', 'secure-boot', '02'],
] as const;

const run = (words: readonly string[], pin = PIN) =>
  runProgram(words, folder, cleanEnvironment({ ...reach, TRUSTME_PKCS11_PIN: pin }));

/** Each verb that signs by the token, and a file that only comes where it has signed. */
const VERBS: readonly (readonly [made: string, ...words: string[]])[] = [
  ['a.efi.signed', 'sign', 'efi', 'a.efi', '--dir', 'pki'],
  ['a.p7s', 'sign', 'config', 'a.conf', '--signer', 'ssig_subca', '--cms', '--dir', 'pki'],
  ['pki/DBX.auth', 'uefi', 'add', 'dbx', 'ab'.repeat(32), '--dir', 'pki'],
];

async function allRefuse(pattern: RegExp, pin?: string): Promise<void> {
  for (const [made, ...words] of VERBS) {
    const { status, stderr } = await run(words, pin);
    assert.is(status, 1, stderr);
    assert.match(stderr, pattern);
    assert.not.match(stderr, /no such key/);
    assert.not(existsSync(path(made)), made);
  }
}

/** With the tokens as they were afterwards. */
async function withTokens(change: () => void, work: () => Promise<void>): Promise<void> {
  cpSync(path('tokens'), path('kept'), { recursive: true });
  try {
    change();
    await work();
  } finally {
    rmSync(path('tokens'), { recursive: true });
    cpSync(path('kept'), path('tokens'), { recursive: true });
    rmSync(path('kept'), { recursive: true });
  }
}

const another = (label: string) => {
  const pair = ['--keypairgen', '--key-type', 'rsa:2048', '--label', label, '--id', '99', '--usage-sign'];
  pkcs11('pki', reach, ...pair);
};

const doctor = async (): Promise<string> => (await run(['doctor', '--conf', 'conf'])).stdout;

if (isThere) {
  test.before(async () => {
    makeToken('pki', reach);
    for (const [stem, group, id] of KEYS) {
      mkdirSync(path(`conf/${group}`), { recursive: true });
      writeFileSync(path(`conf/${group}/${stem}.ini`), `${keySection('pki', stem)}id = ${id}\n`);
    }
    const words = ['generate', '--dir', 'pki', '--conf', 'conf', '--key-type', 'rsa:2048', '--platform-keys'];
    const { status, stderr } = await run([...words, '--generate-token-keys', '--quiet']);
    assert.is(status, 0, stderr);
    // As it is where nobody gave them ids.
    for (const [stem, group] of KEYS) {
      const [file, ini] = [path(`pki/${stem}.key`), path(`conf/${group}/${stem}.ini`)];
      writeFileSync(file, readFileSync(file, 'utf8').replace(/;id=[^;]*/, ''));
      writeFileSync(ini, keySection('pki', stem));
    }
    copyFileSync(EFI, path('a.efi'));
    writeFileSync(path('a.conf'), 'x');
  });

  test('a wrong PIN is called that, whatever tool would have signed', () => allRefuse(/the PIN is wrong/, '999999'));

  test('two tokens of one label', () =>
    withTokens(
      () => makeToken('pki', reach),
      async () => {
        await allRefuse(/2 tokens have the label "pki"[\s\S]*say serial = /);
        assert.match(await doctor(), /^failed +key of KEK: 2 tokens have the label "pki"/m);
      },
    ));

  test('two keys of one label', () =>
    withTokens(
      () => {
        for (const [stem] of KEYS) another(stem);
      },
      async () => {
        await allRefuse(/the token "pki" has 2 private keys "(ssig_subca|KEK)"[\s\S]*object and id/);
        assert.match(await doctor(), /^failed +key of ssig_subca: the token "pki" has 2 private keys/m);
      },
    ));

  test('a key that has taken the place of the one of the certificate', () =>
    withTokens(
      () => {
        for (const [stem, , id] of KEYS) {
          for (const type of ['privkey', 'pubkey'])
            pkcs11('pki', reach, '--delete-object', '--type', type, '--label', stem, '--id', id);
          another(stem);
        }
      },
      () => allRefuse(/the key "(ssig_subca|KEK)" of the token "pki" is not that of (ssig_subca\.cert|KEK\.crt)/),
    ));

  test('the right one signs', async () => {
    for (const [, ...words] of VERBS) {
      const { status, stderr } = await run(words);
      assert.is(status, 0, stderr);
    }
  });
}

test.run();
