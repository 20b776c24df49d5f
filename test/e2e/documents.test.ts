// docs/ceremony.md, docs/extensions.md, docs/hsm.md, docs/production.md, docs/signing.md and docs/secure-boot.md: their commands run as they stand, and print what they say.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runDocument } from '../helpers/document.ts';
import { isMissing, SIGN_FILE } from '../helpers/door.ts';

const test = suite('documents');

test('docs/hsm.md, with SoftHSM2', async () => {
  if (['softhsm2-util', 'pkcs11-tool', 'sign-efi-sig-list'].some(isMissing)) return;
  const { document, stdout } = await runDocument('hsm.md');
  assert.match(stdout, /failed +key of gen_rootca: [^\n]*no[\s\S]*not yet\nPKI generated in /);
  assert.match(stdout, /ok +key of gen_rootca: "gen_rootca" of the token "roots", by the engine/);
  const shown = /^# The private key is in a PKCS[\s\S]*?-----BEGIN PUBLIC KEY-----$/m;
  assert.is(shown.exec(stdout)?.[0], shown.exec(document)?.[0]);
  assert.is(stdout.match(/^\S+ is sound$/gm)?.length, 3);
});

test('docs/production.md, with SoftHSM2: a development PKI fails, the one of the page does not', async () => {
  if (['softhsm2-util', 'pkcs11-tool'].some(isMissing)) return;
  const { stdout } = await runDocument('production.md');
  for (const code of ['key-file', 'passphrase', 'name', 'place', 'weak', 'pathlen'])
    assert.match(stdout, new RegExp(`^ +\\d+ production-${code}$`, 'm'));
  assert.match(stdout, /^release is sound\ndone\n$/m);
});

test('docs/signing.md', async () => {
  const tools = ['sbsign', 'cert-to-efi-sig-list', 'evmctl', SIGN_FILE];
  if (tools.some(isMissing)) return;
  const { stdout } = await runDocument('signing.md');
  assert.match(stdout, /kernel\.efi\.signed: OK\nSignature verification OK/);
  assert.match(stdout, /signature 2/);
  assert.match(stdout, /Verified OK/);
  assert.is(stdout.match(/debos-1\.conf: OK/g)?.length, 4);
  assert.match(stdout, /driver\.ko\.signed: OK\n[\s\S]*radio\.bin: OK/);
});

test('docs/ceremony.md', async () => {
  const { stdout } = await runDocument('ceremony.md');
  assert.match(stdout, /^4 signed/m);
  assert.match(stdout, /PKI generated in [\s\S]*^online\/pki\/backend\.cert: OK$/m);
  assert.match(stdout, /Verified OK\ndone\n$/);
});

test('docs/extensions.md', async () => {
  if (isMissing('cert-to-efi-sig-list')) return;
  const { stdout } = await runDocument('extensions.md');
  assert.match(stdout, /^backend\.cert: OK\nocsp_server\.cert: OK\nHostname localhost does match certificate$/m);
});

test('docs/secure-boot.md', async () => {
  if (['sbsign', 'cert-to-efi-sig-list'].some(isMissing)) return;
  const { stdout } = await runDocument('secure-boot.md');
  assert.match(
    stdout,
    /^pki\/DB\.append\.auth: adds to db, signed .* 1 entry\n {2}1\. X\.509 O=Board Maker, CN=Board CA/m,
  );
  assert.match(stdout, /dbx has its hash\nnot any more$/m);
  assert.match(stdout, /^pki\/noPK\.auth: replaces PK, .* 0 entries$/m);
  assert.is(stdout.match(/^\S+ is sound$/gm)?.length, 2);
});

test.run();
