// sign efi and check efi: binaries with several signatures, of which some are of other digests, or of another file.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isMissing, ROOT, scratch, tool } from '../helpers/door.ts';
import { makeEfiBinary, withSignatures } from '../helpers/efi-binary.ts';
import { programIn } from '../helpers/program.ts';

const test = suite('efi signatures');
const folder = scratch();
const { run, succeed, refused } = programIn(folder);
const path = (...names: string[]) => join(folder, ...names);

/** osslsigncode made them, of `binary`, with the key of vendor.pem. */
const fixture = (name: string): Buffer => readFileSync(join(ROOT, 'test/fixtures/authenticode', name));
const binary = makeEfiBinary({ bits: 64, trailing: 8 });
const sha384 = withSignatures(binary, [fixture('sha384.p7')]);
const sha1 = withSignatures(binary, [fixture('sha1.p7')]);
const stale = withSignatures(makeEfiBinary({ bits: 64, trailing: 16 }), [fixture('sha384.p7')]);
const junk = withSignatures(binary, [Buffer.from('no signature'), Buffer.from('30800000', 'hex')]);

const hasTools = !isMissing('sbsign') && !isMissing('sbverify') && !isMissing('sign-efi-sig-list');

if (hasTools) {
  test.before(async () => {
    await succeed('generate', '--dir', 'pki', '--key-type', 'rsa:2048', '--platform-keys', '--quiet');
    for (const [name, bytes] of Object.entries({ plain: binary, sha384, sha1, stale, junk }))
      writeFileSync(path(`${name}.efi`), bytes);
    writeFileSync(path('vendor.pem'), fixture('vendor.pem'));
    writeFileSync(path('root.conf'), '[req]\ndistinguished_name = dn\n[dn]\n');
  });

  for (const name of ['sha384', 'sha1', 'stale', 'junk'])
    test(`beside what sbverify does not know (${name}), a signature of ours is made and found`, async () => {
      await refused(/: (no certificate that is asked|it was changed)/, 'check', 'efi', `${name}.efi`, '--dir', 'pki');
      await succeed('sign', 'efi', `${name}.efi`, '--dir', 'pki');
      const { status, stdout, stderr } = await run('check', 'efi', `${name}.efi.signed`, '--dir', 'pki');
      assert.is(status, 0, stdout);
      assert.is(stderr, '');
      await succeed('check', 'efi', `${name}.efi.signed`, '--signer', 'ssig_subca', '--dir', 'pki');
      await refused(
        /no certificate that is asked/,
        'check',
        'efi',
        `${name}.efi.signed`,
        '--signer',
        'DB',
        '--dir',
        'pki',
      );
    });

  test('a vendor’s signature of another digest lets boot by db, with a warning, and forbids by dbx', async () => {
    await succeed('uefi', 'add', 'db', 'vendor.pem', '--dir', 'pki', '--quiet');
    for (const name of ['sha384', 'sha1']) {
      const { status, stdout, stderr } = await run('check', 'efi', `${name}.efi`, '--dir', 'pki');
      assert.is(status, 0, stdout);
      assert.match(
        stderr,
        new RegExp(`warning: .*not every UEFI firmware verifies its signature, which is of a ${name} hash`),
      );
    }
    await refused(/it was changed after it was signed/, 'check', 'efi', 'stale.efi', '--dir', 'pki');
    await succeed('uefi', 'remove', 'db', 'vendor.pem', '--dir', 'pki', '--quiet');
    await succeed('uefi', 'add', 'dbx', 'vendor.pem', '--dir', 'pki', '--quiet');
    for (const name of ['sha384', 'sha1'])
      await refused(
        /dbx has a certificate that signed it: .*CN=Board vendor/,
        'check',
        'efi',
        `${name}.efi.signed`,
        '--dir',
        'pki',
      );
    // What is not of this file forbids nothing.
    await succeed('check', 'efi', 'stale.efi.signed', '--dir', 'pki');
    await succeed('uefi', 'remove', 'dbx', 'vendor.pem', '--dir', 'pki', '--quiet');
  });

  test('where a certificate lacks digitalSignature that is the hint, and only there', async () => {
    for (const [stem, usage] of [
      ['lacking', 'keyCertSign'],
      ['fit', 'keyCertSign,digitalSignature'],
    ] as const) {
      const more = ['-config', 'root.conf', '-subj', `/CN=${stem}`, '-addext', `keyUsage=critical,${usage}`];
      const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${stem}.key`, '-out', `${stem}.pem`];
      tool('openssl', ['req', '-x509', '-days', '30', '-batch', ...made, ...more], folder);
    }
    const words = (stem: string) => ['sign', 'efi', 'sha384.efi', '-k', `${stem}.key`, '--cert', `${stem}.pem`];
    await refused(/a CA needs digitalSignature/, ...words('lacking'), '--output', 'lacking.efi');
    assert.not(existsSync(path('lacking.efi')));
    await succeed(...words('fit'), '--output', 'fit.efi');
  });
}

test.run();
