// sign efi and check efi: binaries with several signatures, of which some are of other digests, or of another file.
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hashOfImage, readImage } from '../../scripts/lib/artifact/authenticode.ts';
import { refusalByDatabases } from '../../scripts/lib/artifact/efi-databases.ts';
import { formatSignatureLists, SIGNATURE_TYPES, type Signature } from '../../scripts/lib/model/signature-list.ts';
import { surroundingsIn } from '../../scripts/lib/run/exec.ts';
import { isMissing, ROOT, scratch, tool } from '../helpers/door.ts';
import { makeEfiBinary, withSignatures } from '../helpers/efi-binary.ts';
import { programIn } from '../helpers/program.ts';

const test = suite('efi signatures');
const folder = scratch();
const { run, succeed, refused } = programIn(folder);
const OWNER = '11111111-2222-3333-4444-555555555555';
const path = (...names: string[]) => join(folder, ...names);

/** osslsigncode made them, of `binary`, with the key of vendor.pem. */
const fixture = (name: string): Buffer => readFileSync(join(ROOT, 'test/fixtures/authenticode', name));
const binary = makeEfiBinary({ bits: 64, trailing: 8 });
const sha384 = withSignatures(binary, [fixture('sha384.p7')]);
const sha1 = withSignatures(binary, [fixture('sha1.p7')]);
const stale = withSignatures(makeEfiBinary({ bits: 64, trailing: 16 }), [fixture('sha384.p7')]);
const junk = withSignatures(binary, [Buffer.from('no signature'), Buffer.from('30800000', 'hex')]);

const hasTools = !isMissing('sbsign') && !isMissing('sign-efi-sig-list');

if (hasTools) {
  test.before(async () => {
    await succeed('generate', '--dir', 'pki', '--key-type', 'rsa:2048', '--platform-keys', '--quiet');
    for (const [name, bytes] of Object.entries({ plain: binary, sha384, sha1, stale, junk }))
      writeFileSync(path(`${name}.efi`), bytes);
    writeFileSync(path('vendor.pem'), fixture('vendor.pem'));
    writeFileSync(path('root.conf'), '[req]\ndistinguished_name = dn\n[dn]\n');
  });

  for (const name of ['sha384', 'sha1', 'stale', 'junk'])
    test(`beside a signature of another kind (${name}), a signature of ours is made and found`, async () => {
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

  test('like firmware, db and dbx do not ask what a certificate is for; that sbverify does is a warning', async () => {
    tool('openssl', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', 'any.key'], folder);
    const lacks =
      /warning: \w+ has no digitalSignature in its keyUsage: firmware takes its signature, sbverify does not/;
    const made = [
      ['lacking', 'keyUsage=critical,keyCertSign', lacks],
      ['agreeing', 'keyUsage=keyAgreement', lacks],
      ['server', 'extendedKeyUsage=critical,serverAuth', /^$/],
      ['fit', 'keyUsage=critical,keyCertSign,digitalSignature', /^$/],
    ] as const;
    for (const [stem, usage, warning] of made) {
      const more = ['-config', 'root.conf', '-subj', `/CN=${stem}`, '-addext', usage];
      tool('openssl', ['req', '-x509', '-days', '30', '-key', 'any.key', '-out', `${stem}.pem`, ...more], folder);
      const words = ['-k', 'any.key', '--cert', `${stem}.pem`, '--output', `${stem}.efi`];
      const { status, stderr } = await run('sign', 'efi', 'sha384.efi', ...words);
      assert.is(status, 0, stderr);
      assert.match(stderr, warning);
      await refused(/no certificate that is asked/, 'check', 'efi', `${stem}.efi`, '--dir', 'pki');
    }
    const certificates = made.map(([stem]) => `${stem}.pem`);
    const files = made.map(([stem]) => `${stem}.efi`);
    await succeed('uefi', 'add', 'db', ...certificates, '--dir', 'pki', '--quiet');
    await succeed('check', 'efi', ...files, '--dir', 'pki');
    await succeed('uefi', 'add', 'dbx', ...certificates, '--dir', 'pki', '--quiet');
    for (const [stem] of made)
      await refused(
        new RegExp(`dbx has a certificate that signed it: CN=${stem}`),
        'check',
        'efi',
        `${stem}.efi`,
        '--dir',
        'pki',
      );
    for (const variable of ['db', 'dbx'])
      await succeed('uefi', 'remove', variable, ...certificates, '--dir', 'pki', '--quiet');
  });

  /** A signature list with one entry of a type. */
  const listWith = (type: string, data: Buffer): Buffer => formatSignatureLists([{ type, owner: OWNER, data }]);
  const idOf = (name: string): string => Object.entries(SIGNATURE_TYPES).find(([, each]) => each.name === name)![0];
  /** The hash of what is signed of a certificate, as openssl cuts it out, and the time of its revocation. */
  const revocation = (file: string, digest: string, time = Buffer.alloc(16)): Buffer => {
    tool('openssl', ['x509', '-in', file, '-outform', 'DER', '-out', 'whole.der'], folder);
    tool(
      'openssl',
      ['asn1parse', '-inform', 'DER', '-in', 'whole.der', '-strparse', '4', '-noout', '-out', 'tbs'],
      folder,
    );
    return Buffer.concat([
      createHash(digest)
        .update(readFileSync(path('tbs')))
        .digest(),
      time,
    ]);
  };
  /** With one more entry in dbx. */
  const withEntry = async (type: string, data: Buffer, ask: () => Promise<void>): Promise<void> => {
    writeFileSync(path('entry.esl'), listWith(idOf(type), data));
    await succeed('uefi', 'add', 'dbx', 'entry.esl', '--dir', 'pki', '--quiet');
    await ask();
    await succeed('uefi', 'remove', 'dbx', 'entry.esl', '--dir', 'pki', '--quiet');
  };
  const check = (file: string) => ['check', 'efi', file, '--dir', 'pki'] as const;

  test('the first certificate of db that verifies a signature decides: is its hash in dbx, no later one helps', async () => {
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', 'above.key', '-days', '30', '-config', 'root.conf'];
    const ca = ['-addext', 'basicConstraints=critical,CA:TRUE'];
    tool('openssl', ['req', '-x509', ...key, ...ca, '-subj', '/CN=above', '-out', 'above.pem'], folder);
    tool(
      'openssl',
      ['req', '-new', '-key', 'pki/ssig_subca.key', '-config', 'root.conf', '-subj', '/CN=below', '-out', 'b.csr'],
      folder,
    );
    const by = ['-CA', 'above.pem', '-CAkey', 'above.key', '-set_serial', '7', '-days', '30'];
    tool('openssl', ['x509', '-req', '-in', 'b.csr', ...by, '-out', 'below.pem'], folder);
    await succeed(
      'sign',
      'efi',
      'plain.efi',
      '-k',
      'pki/ssig_subca.key',
      '--cert',
      'below.pem',
      '--output',
      'below.efi',
    );
    await withEntry('X.509 SHA-256', revocation('above.pem', 'sha256'), async () => {
      await succeed('uefi', 'add', 'db', 'above.pem', 'below.pem', '--dir', 'pki', '--quiet');
      await refused(/dbx has the hash of a certificate that .* leads to who did: CN=above/, ...check('below.efi'));
      await succeed('uefi', 'remove', 'db', 'above.pem', '--dir', 'pki', '--quiet');
      await succeed('uefi', 'add', 'db', 'above.pem', '--dir', 'pki', '--quiet');
      await succeed(...check('below.efi'));
    });
    await succeed('uefi', 'remove', 'db', 'above.pem', 'below.pem', '--dir', 'pki', '--quiet');
  });

  test('dbx forbids by the hash of a certificate that db has, of any digest, and says what of a time is not looked at', async () => {
    await succeed('sign', 'efi', 'plain.efi', '--dir', 'pki');
    await succeed(...check('plain.efi.signed'));
    const forbidden = /dbx has the hash of a certificate that signed it, or leads to who did: .*Signing Sub CA/;
    for (const bits of ['256', '384', '512'])
      await withEntry(`X.509 SHA-${bits}`, revocation('pki/ssig_subca.cert', `sha${bits}`), () =>
        refused(forbidden, ...check('plain.efi.signed')),
      );
    const time = Buffer.from('e8070203000000000000000000000000', 'hex');
    await withEntry('X.509 SHA-256', revocation('pki/ssig_subca.cert', 'sha256', time), () =>
      refused(/revoked as of 2024-02-03: a time stamp from before that/, ...check('plain.efi.signed')),
    );
    await withEntry('X.509 SHA-256', revocation('pki/DB.crt', 'sha256'), async () => {
      await succeed(...check('plain.efi.signed'));
    });
  });

  test('dbx forbids by the hash of a certificate in the signature, and of the one of db that leads to it', async () => {
    await succeed('uefi', 'add', 'db', 'pki/ssig_rootca.cert', '--dir', 'pki', '--quiet');
    await succeed('uefi', 'add', 'db', 'vendor.pem', '--dir', 'pki', '--quiet');
    await withEntry('X.509 SHA-256', revocation('vendor.pem', 'sha256'), () =>
      refused(/hash of a certificate that signed it.*Board vendor/, ...check('sha384.efi.signed')),
    );
    // Firmware asks about what is in the signature, and what in db leads there: ssig_subca is enough for it.
    await withEntry('X.509 SHA-384', revocation('pki/ssig_rootca.cert', 'sha384'), async () => {
      await succeed(...check('plain.efi.signed'));
    });
    await succeed('sign', 'efi', 'plain.efi', '--signer', 'ssig', '--output', 'led.efi', '--dir', 'pki');
    await withEntry('X.509 SHA-512', revocation('pki/ssig.cert', 'sha512'), () =>
      refused(/hash of a certificate that signed it/, ...check('led.efi')),
    );
    await succeed(...check('led.efi'));
    await succeed('uefi', 'remove', 'db', 'pki/ssig_rootca.cert', '--dir', 'pki', '--quiet');
    await withEntry('X.509 SHA-512', revocation('pki/ssig_subca.cert', 'sha512'), () =>
      refused(/hash of a certificate that signed it, or leads to who did: .*Signing Sub CA/, ...check('led.efi')),
    );
    await succeed('uefi', 'remove', 'db', 'vendor.pem', '--dir', 'pki', '--quiet');
  });

  test('the hash in dbx of a CA between signer and db forbids nothing, as in EDK2, with a warning; its certificate does', async () => {
    tool(
      'sbsign',
      [
        '--key',
        'pki/ssig.key',
        '--cert',
        'pki/ssig.cert',
        '--addcert',
        'pki/ssig_subca.cert',
        '--output',
        'between.efi',
        'plain.efi',
      ],
      folder,
    );
    const entry = (data: Buffer, name = 'X.509'): Signature => ({ type: idOf(name), owner: OWNER, data });
    const certificate = (stem: string) => entry(new X509Certificate(readFileSync(path(`pki/${stem}.cert`))).raw);
    const db = [certificate('ssig_rootca')];
    const surroundings = surroundingsIn(folder, process.env, new AbortController());
    const warnings: string[] = [];
    const ask = (...dbx: Signature[]) =>
      refusalByDatabases(path('between.efi'), { db, dbx }, surroundings, text => warnings.push(text));
    assert.is(await ask(entry(revocation('pki/ssig_subca.cert', 'sha256'), 'X.509 SHA-256')), undefined);
    assert.match(
      warnings.join(),
      /dbx has the hash of .*Signing Sub CA.*which issued who signed it, and EDK2 does not ask/,
    );
    assert.match((await ask(certificate('ssig_subca'))) ?? '', /dbx has a certificate that signed it/);
  });

  const hashOf = (file: string, digest: string): Buffer => hashOfImage(readImage(path(file)), digest);
  const DIGESTS = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'];
  const listOf = (file: string, digests: readonly string[]): Buffer =>
    Buffer.concat(digests.map(digest => listWith(idOf(digest.replace('sha', 'SHA-')), hashOf(file, digest))));

  test('of the hashes of a file, dbx forbids by the one that a signature is of; what is not looked at is a warning', async () => {
    writeFileSync(path('held.efi'), readFileSync(path('plain.efi.signed')));
    await succeed('uefi', 'add', 'db', 'vendor.pem', '--dir', 'pki', '--quiet');
    // Three files of one image: what is signed is the same, by another digest each.
    const known = { 'held.efi': 'sha256', 'sha384.efi': 'sha384', 'sha1.efi': 'sha1' };
    for (const [file, digest] of Object.entries(known)) {
      const digests = DIGESTS.filter(other => other !== digest);
      writeFileSync(path('others.esl'), listOf(file, digests));
      await succeed('uefi', 'add', 'dbx', 'others.esl', '--dir', 'pki', '--quiet');
      const { stdout } = await run('check', 'efi', ...Object.keys(known), '--dir', 'pki');
      const told = Object.keys(known).map(other => `${other}: ${other === file ? 'OK' : 'dbx has its hash'}\n`);
      assert.is(stdout.replaceAll(`${folder}/`, ''), told.join(''));
      await succeed('uefi', 'remove', 'dbx', 'others.esl', '--dir', 'pki', '--quiet');
    }
    await succeed('uefi', 'remove', 'db', 'vendor.pem', '--dir', 'pki', '--quiet');
    await withEntry('RSA-2048 key', Buffer.alloc(256, 1), async () => {
      const { status, stderr } = await run(...check('held.efi'));
      assert.is(status, 0, stderr);
      assert.match(stderr, /warning: .*dbx has entries of type RSA-2048 key: whether they forbid it is not looked at/);
    });
  });

  test('of the hashes of a file, db lets boot by SHA-256 alone what has no signature', async () => {
    const others = DIGESTS.filter(digest => digest !== 'sha256');
    writeFileSync(path('db.esl'), listOf('plain.efi', others));
    await succeed('uefi', 'add', 'db', 'db.esl', '--dir', 'pki', '--quiet');
    await refused(/no certificate that is asked/, ...check('plain.efi'));
    await succeed('uefi', 'add', 'db', 'plain.efi', '--dir', 'pki', '--quiet');
    const { status, stderr } = await run(...check('plain.efi'));
    assert.is(status, 0, stderr);
    assert.is(stderr, '');
    for (const file of ['plain.efi', 'db.esl']) await succeed('uefi', 'remove', 'db', file, '--dir', 'pki', '--quiet');
  });

  test('a certificate table that does not add up, and a signature without ContentInfo, are taken as firmware takes them', async () => {
    const der = fixture('sha384.p7');
    const held = readFileSync(path('plain.efi.signed'));
    const at = binary.length;
    /** plain.efi with such a table. */
    const withTable = (table: Buffer): Buffer => {
      const bytes = Buffer.concat([withSignatures(binary, [der]).subarray(0, at), table]);
      bytes.writeUInt32LE(table.length, 0x98 + 112 + 36);
      return bytes;
    };
    const entry = (type: number, body: Buffer): Buffer => {
      const header = Buffer.from('0000000000020000', 'hex');
      header.writeUInt32LE(8 + body.length);
      header.writeUInt16LE(type, 6);
      return Buffer.concat([header, body, Buffer.alloc(-body.length & 7)]);
    };
    const table = held.subarray(at);
    const contentInfo = table.subarray(8, 12 + table.readUInt16BE(10));
    const unpadded = Buffer.concat([table.subarray(0, 8), contentInfo, Buffer.alloc(1 - (contentInfo.length & 1))]);
    unpadded.writeUInt32LE(unpadded.length);
    const broken = [Buffer.concat([table, Buffer.alloc(8)]), Buffer.concat([table, Buffer.alloc(16)]), unpadded];
    for (const [i, each] of broken.entries()) {
      writeFileSync(path(`broken${i}.efi`), withTable(each));
      for (const verb of ['check', 'sign'])
        await refused(/has a certificate table that does not add up/, verb, 'efi', `broken${i}.efi`, '--dir', 'pki');
    }
    const guid = Buffer.from('9dd2af4adf68ee498aa9347d375665a7', 'hex');
    writeFileSync(path('bare.efi'), withTable(entry(0x0ef1, Buffer.concat([guid, contentInfo.subarray(19)]))));
    await refused(/no certificate that is asked/, ...check('bare.efi'));
    const unknown = entry(0x0ef0, Buffer.alloc(8));
    const wrapped = entry(0x0ef1, Buffer.concat([guid, contentInfo]));
    writeFileSync(path('wrapped.efi'), withTable(Buffer.concat([unknown, wrapped])));
    await succeed(...check('wrapped.efi'));
  });

  test('uefi add takes the hash that firmware looks for, beside SHA-256', async () => {
    const taken = /of "sha384\.efi" the SHA-384 hash is taken, too: as its signature is of that/;
    const added = await run('uefi', 'add', 'db', 'sha384.efi', '--dir', 'pki');
    assert.match(added.stderr, taken);
    const { status, stderr } = await run(...check('sha384.efi'));
    assert.is(status, 0, stderr);
    assert.match(stderr, /warning: .*db has its hash, and entries of type SHA-384 are known to some firmware alone/);
    await succeed('uefi', 'remove', 'db', 'sha384.efi', '--dir', 'pki', '--quiet');
    await refused(/no certificate that is asked/, ...check('sha384.efi'));
    await succeed('uefi', 'add', 'dbx', 'sha384.efi', '--dir', 'pki', '--quiet');
    await refused(/dbx has its hash/, ...check('sha384.efi'));
    await succeed('uefi', 'remove', 'dbx', 'sha384.efi', '--dir', 'pki', '--quiet');
    const ours = await run('uefi', 'add', 'dbx', 'sha384.efi.signed', '--dir', 'pki');
    assert.not.match(ours.stderr, /is taken, too/);
    await succeed('uefi', 'remove', 'dbx', 'sha384.efi.signed', '--dir', 'pki', '--quiet');
  });
}

test.run();
