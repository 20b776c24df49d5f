// uefi: lists and updates, shown, changed and rotated; what comes out is read by efitools, openssl and sbverify.

import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  formatSignatureLists,
  parseSignatureLists,
  SHA256_GUID,
  X509_SHA256_GUID,
} from '../../scripts/lib/model/signature-list.ts';
import { parseVariableUpdate } from '../../scripts/lib/model/variable-update.ts';
import { isMissing, ROOT, scratch, tool } from '../helpers/door.ts';
import { makeEfiBinary } from '../helpers/efi-binary.ts';
import { programIn } from '../helpers/program.ts';

const test = suite('uefi');
const folder = scratch();
const EFI = '/usr/lib/efitools/x86_64-linux-gnu/HelloWorld.efi';
const hasEfi = !isMissing('sbsign') && existsSync(EFI);
const VENDOR = '77fa9abd-0359-4d32-bd60-28f4e78f784b';
const HASH = 'ab'.repeat(32);

const { run, succeed, refused } = programIn(folder);
const path = (...names: string[]) => join(folder, ...names);

/** A copy of the PKI. */
function copyOf(name: string): string {
  cpSync(path('base'), path(name), { recursive: true });
  return name;
}
const sound = async (name: string) => {
  const { status, stdout } = await run('verify', name);
  assert.is(status, 0, stdout);
};
const update = (name: string, file: string) => parseVariableUpdate(readFileSync(path(name, file)));
const entries = (name: string, file: string) => parseSignatureLists(readFileSync(path(name, file)));
const der = (name: string, file: string) => {
  tool('openssl', ['x509', '-in', file, '-outform', 'DER', '-out', path('out.der')], path(name));
  return readFileSync(path('out.der'));
};
const has = (name: string, file: string, data: Buffer) => entries(name, file).some(each => each.data.equals(data));

test.before(async () => {
  await succeed('generate', '--dir', 'base', '--key-type', 'rsa:2048', '--platform-keys', '--quiet');
  for (const [stem, subject] of [
    ['vendor', '/C=US/O=Microsoft Corporation/CN=Microsoft UEFI CA'],
    ['board', '/O=Board Maker/CN=Board CA'],
  ] as const)
    tool(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3650', '-batch', '-config', '/dev/null'],
        ...['-subj', subject, '-keyout', `${stem}.key`, '-out', `${stem}.pem`],
      ],
      folder,
    );
});

test('show: entries with owner and digest, for which variable an update is, and who signed it', async () => {
  const { files } = JSON.parse(await succeed('uefi', 'show', 'base/DB.auth', 'base/KEK.esl', '--json'));
  const [auth, list] = files;
  assert.is(auth.kind, 'variable-update');
  assert.is(auth.update.variable, 'db');
  assert.is(auth.update.isAppended, false);
  assert.match(auth.update.signers.join(), /CN=KEK$/);
  assert.is(auth.update.time, update('base', 'DB.auth').time.toISOString());
  assert.equal(
    auth.entries.map(({ type, keyType }: { type: string; keyType: string }) => [type, keyType]),
    [
      ['X.509', 'rsa:2048'],
      ['X.509', 'rsa:2048'],
    ],
  );
  const fingerprint = tool('openssl', ['x509', '-in', 'base/KEK.crt', '-noout', '-fingerprint', '-sha256'], folder);
  assert.is(list.kind, 'signature-list');
  assert.is(list.entries[0].sha256, fingerprint.trim().split('=')[1]!.replaceAll(':', '').toLowerCase());
  const text = await succeed('uefi', 'show', '--dir', 'base');
  assert.match(text, /^base\/PK\.auth: replaces PK, signed .* by .*CN=PK, \d+ bytes, 1 entry$/m);
});

test('show: a file of efivarfs, with attributes in front; one of a signer whose certificate is gone', async () => {
  writeFileSync(
    path('db-efivarfs'),
    Buffer.concat([Buffer.from('27000000', 'hex'), readFileSync(path('base/DB.esl'))]),
  );
  assert.match(await succeed('uefi', 'show', 'db-efivarfs'), /signature list, \d+ bytes, 2 entries/);
  const bytes = Buffer.from(readFileSync(path('base/DB.auth')));
  bytes[2] = 1 + (bytes[2]! % 12);
  writeFileSync(path('changed.auth'), bytes);
  assert.match(await succeed('uefi', 'show', 'changed.auth'), /signature not verified/);
  writeFileSync(path('escape.esl'), Buffer.concat([readFileSync(path('base/DB.esl')), Buffer.from('\u001b[31m')]));
  await refused(/neither a signature list nor a variable update/, 'uefi', 'show', 'escape.esl');
});

test('add: certificate, hash and vendors’ list in one update; owners are kept; appended and whole update', async () => {
  const pki = copyOf('added');
  const before = ['DB.auth', 'KEK.auth', 'PK.auth'].map(file => update(pki, file).time.getTime());
  tool('cert-to-efi-sig-list', ['-g', '11111111-2222-3333-4444-555555555555', 'board.pem', 'board.esl'], folder);
  const said = await succeed('uefi', 'add', 'db', 'vendor.pem', HASH, 'board.esl', '--dir', pki);
  assert.match(said, /^added X\.509 C=US, O=Microsoft Corporation/m);
  assert.match(said, /^for machines in the field: DB\.append\.auth$/m);
  await sound(pki);
  const own = entries('base', 'DB.esl');
  const [a, b, ...others] = entries(pki, 'DB.esl');
  assert.equal([a, b], own);
  assert.equal(
    others.map(each => each.owner),
    [VENDOR, own[0]!.owner, '11111111-2222-3333-4444-555555555555'],
  );
  assert.is(others[1]!.data.toString('hex'), HASH);
  assert.equal(parseSignatureLists(update(pki, 'DB.append.auth').payload), others);
  assert.equal(update(pki, 'DB.auth').payload, readFileSync(path(pki, 'DB.esl')));
  // Whoever has the appended one takes the whole one, too, and both come after what was there.
  const [appended, whole] = ['DB.append.auth', 'DB.auth'].map(file => update(pki, file).time.getTime());
  assert.ok(before[0]! < appended! && appended! < whole!);
  const { files } = JSON.parse(await succeed('uefi', 'show', `${pki}/DB.append.auth`, '--json'));
  assert.equal([files[0].update.variable, files[0].update.isAppended], ['db', true]);
  // efitools read what we write.
  mkdirSync(path('certs'));
  tool('sig-list-to-certs', [path(pki, 'DB.esl'), 'db'], path('certs'));
  assert.equal(readFileSync(path('certs/db-2.der')), entries(pki, 'DB.esl')[2]!.data);
  const again = await succeed('uefi', 'add', 'db', 'vendor.pem', '--dir', pki);
  assert.match(again, /nothing to change/);
  assert.is(update(pki, 'DB.auth').time.getTime(), whole);
});

test('times rise from call to call, also within a second', async () => {
  const pki = copyOf('rising');
  const times: number[] = [update(pki, 'DB.auth').time.getTime()];
  for (const digit of ['1', '2', '3']) {
    await succeed('uefi', 'add', 'db', digit.repeat(64), '--dir', pki, '--quiet');
    times.push(update(pki, 'DB.append.auth').time.getTime(), update(pki, 'DB.auth').time.getTime());
  }
  assert.equal(
    times,
    [...new Set(times)].sort((a, b) => a - b),
  );
  await sound(pki);
});

test('an update of the future is told with what comes next: to sign it again would not help', async () => {
  const pki = copyOf('ahead');
  const bytes = readFileSync(path(pki, 'DB.auth'));
  bytes.writeUInt16LE(bytes.readUInt16LE(0) + 9, 0);
  writeFileSync(path(pki, 'DB.auth'), bytes);
  await succeed('uefi', 'add', 'db', 'board.pem', '--dir', pki, '--quiet');
  const { stdout } = await run('verify', pki);
  assert.match(
    stdout,
    /DB\.auth: it says that it was signed in the future: .*\n\s+hint: set the clock .* gets a time after/,
  );
  assert.ok(update(pki, 'DB.auth').time > parseVariableUpdate(bytes).time);
});

test('remove: by file or by the first digits; the appended update that would bring it back goes', async () => {
  const pki = copyOf('removed');
  await succeed('uefi', 'add', 'db', 'vendor.pem', HASH, '--dir', pki, '--quiet');
  await succeed('uefi', 'remove', 'db', 'vendor.pem', '--dir', pki);
  assert.not.ok(has(pki, 'DB.esl', der('.', 'vendor.pem')));
  assert.not.ok(existsSync(path(pki, 'DB.append.auth')));
  await sound(pki);
  await succeed('uefi', 'remove', 'db', HASH.slice(0, 8), '--dir', pki);
  assert.equal(readFileSync(path(pki, 'DB.esl')), readFileSync(path('base/DB.esl')));
  await sound(pki);
});

test('a hash of a certificate is shown with the time from which it is revoked, and its digits remove it with any', async () => {
  const pki = copyOf('times');
  const hash = Buffer.from(HASH, 'hex');
  const time = Buffer.from('e807020d0e0f10000000000000000000', 'hex');
  const data = [Buffer.alloc(16), time].map(each => Buffer.concat([hash, each]));
  const signatures = data.map(each => ({ type: X509_SHA256_GUID, owner: VENDOR, data: each }));
  writeFileSync(path('times.esl'), formatSignatureLists(signatures));
  await succeed('uefi', 'add', 'dbx', 'times.esl', '--dir', pki, '--quiet');
  const shown = await succeed('uefi', 'show', `${pki}/DBX.esl`);
  assert.equal(shown.match(/X\.509 SHA-256.*/g)?.slice(0, 2), [
    'X.509 SHA-256',
    'X.509 SHA-256 revoked from 2024-02-13T14:15:16Z',
  ]);
  const [{ entries: listed }] = JSON.parse(await succeed('uefi', 'show', `${pki}/DBX.esl`, '--json')).files;
  assert.equal(
    listed.map((each: { revokedFrom?: string }) => each.revokedFrom),
    [undefined, '2024-02-13T14:15:16Z'],
  );
  await succeed('uefi', 'remove', 'dbx', HASH, '--dir', pki, '--quiet');
  assert.equal(entries(pki, 'DBX.esl'), []);
  await sound(pki);
});

test('of a certificate with its chain the first is taken, of a file of unrelated ones all', async () => {
  const pki = copyOf('chained');
  const { status, stderr } = await run('uefi', 'add', 'dbx', 'base/ssig.cert', '--dir', pki);
  assert.is(status, 0, stderr);
  assert.match(stderr, /of "base\/ssig\.cert" the first certificate is taken: the other 2 are its chain/);
  assert.equal(
    entries(pki, 'DBX.esl').map(({ data }) => data),
    [der('base', 'ssig.cert')],
  );
  if (hasEfi) {
    await succeed('sign', 'efi', EFI, '--output', 'chained.efi', '--dir', pki);
    await succeed('check', 'efi', 'chained.efi', '--dir', pki);
  }
  await succeed('uefi', 'remove', 'dbx', 'base/ssig.cert', '--dir', pki, '--quiet');
  assert.is(entries(pki, 'DBX.esl').length, 0);
  writeFileSync(path('both.pem'), ['vendor.pem', 'board.pem'].map(name => readFileSync(path(name), 'utf8')).join(''));
  const both = await run('uefi', 'add', 'db', 'both.pem', '--dir', pki, '--quiet');
  assert.equal([both.status, both.stderr], [0, '']);
  assert.is(entries(pki, 'DB.esl').length, 4);
});

if (hasEfi)
  test('check efi passes over entries that say they are certificates and are none', async () => {
    const pki = copyOf('junk');
    const header = Buffer.from(`a159c0a5e494a74a87b5ab155c2bf072${'6c000000'}${'00000000'}${'50000000'}`, 'hex');
    writeFileSync(path('junk.esl'), Buffer.concat([header, Buffer.alloc(80, 0x11)]));
    await succeed('sign', 'efi', EFI, '--output', 'junk.efi', '--dir', pki);
    for (const name of ['db', 'dbx']) {
      const { stderr } = await run('uefi', 'add', name, 'junk.esl', '--dir', pki);
      assert.match(stderr, /an entry of 64 bytes says that it is a certificate, and is none/);
    }
    await succeed('check', 'efi', 'junk.efi', '--dir', pki);
  });

test('a binary whose size is no multiple of 8: db takes its hash, dbx that of its signed copies, too', async () => {
  const pki = copyOf('unaligned');
  writeFileSync(path('odd.efi'), makeEfiBinary({ bits: 64, trailing: 5 }));
  // By pesign -h, of the file and of what sbsign makes of it.
  const [plain, signed] = [
    'a238fc418c93a1a87390a40e3876e56af80278ac083781acbe8395c5a648859f',
    '0254360c9a63db65b0d170bfc811f9b6577dd9b095af677c134c0c816d452938',
  ];
  const hashes = (file: string) =>
    entries(pki, file).flatMap(({ data }) => (data.length === 32 ? data.toString('hex') : []));
  const db = await run('uefi', 'add', 'db', 'odd.efi', '--dir', pki);
  assert.is(db.status, 0, db.stderr);
  assert.not.match(db.stderr, /hashes/);
  assert.equal(hashes('DB.esl'), [plain]);
  if (hasEfi) await succeed('check', 'efi', 'odd.efi', '--dir', pki);
  const { status, stderr } = await run('uefi', 'add', 'dbx', 'odd.efi', '--dir', pki);
  assert.is(status, 0, stderr);
  assert.match(stderr, /of "odd\.efi" two hashes are taken: as it is, and padded to 8 bytes/);
  assert.equal(hashes('DBX.esl'), [plain, signed]);
  if (hasEfi) {
    await succeed('sign', 'efi', 'odd.efi', '--dir', pki);
    for (const file of ['odd.efi', 'odd.efi.signed'])
      await refused(/dbx has its hash/, 'check', 'efi', file, '--dir', pki);
  }
  await succeed('uefi', 'remove', 'dbx', 'odd.efi', '--dir', pki, '--quiet');
  assert.equal(hashes('DBX.esl'), []);
  await succeed('uefi', 'remove', 'db', 'odd.efi', '--dir', pki, '--quiet');
  assert.equal(hashes('DB.esl'), []);
});

test('renewals keep what others have in the lists', async () => {
  const pki = copyOf('kept');
  await succeed('uefi', 'add', 'db', 'vendor.pem', '--dir', pki, '--quiet');
  await succeed('uefi', 'add', 'KEK', 'board.pem', '--dir', pki, '--quiet');
  await succeed('renew', 'ssig_subca', 'KEK', '--cascade', '--dir', pki, '--quiet');
  await sound(pki);
  assert.ok(has(pki, 'DB.esl', der('.', 'vendor.pem')));
  assert.ok(has(pki, 'KEK.esl', der('.', 'board.pem')));
});

test('rotate: old and new key are taken until --finish; then the new one alone', async () => {
  const pki = copyOf('rotated');
  const old = ['DB', 'KEK', 'PK'].map(stem => der(pki, `${stem}.crt`));
  if (hasEfi) {
    copyFileSync(EFI, path('old.efi'));
    await succeed('sign', 'efi', 'old.efi', '--signer', 'DB', '--dir', pki, '--output', 'old.signed');
  }
  await succeed('uefi', 'rotate', 'db', '--dir', pki, '--quiet');
  await sound(pki);
  assert.ok(has(pki, 'DB.esl', old[0]!) && has(pki, 'DB.esl', der(pki, 'DB.crt')));
  const kek = der(pki, 'KEK.crt');
  const added = parseSignatureLists(update(pki, 'DB.append.auth').payload);
  assert.equal(
    added.map(({ data }) => data),
    [der(pki, 'DB.crt')],
  );
  if (hasEfi) {
    await succeed('sign', 'efi', 'old.efi', '--signer', 'DB', '--dir', pki, '--output', 'new.signed');
    await succeed('check', 'efi', 'old.signed', 'new.signed', '--dir', pki);
  }
  await succeed('uefi', 'rotate', 'KEK', '--dir', pki, '--quiet');
  await sound(pki);
  assert.ok(has(pki, 'KEK.esl', kek) && has(pki, 'KEK.esl', der(pki, 'KEK.crt')));
  await succeed('uefi', 'rotate', 'db', '--finish', '--dir', pki);
  await succeed('uefi', 'rotate', 'KEK', '--finish', '--dir', pki);
  await sound(pki);
  assert.is(entries(pki, 'DB.esl').length, 2);
  assert.equal(
    entries(pki, 'KEK.esl').map(({ data }) => data),
    [der(pki, 'KEK.crt')],
  );
  if (hasEfi) {
    await succeed('check', 'efi', 'new.signed', '--dir', pki);
    assert.is((await run('check', 'efi', 'old.signed', '--dir', pki)).status, 1);
  }
  await succeed('uefi', 'rotate', 'PK', '--dir', pki, '--quiet');
  await sound(pki);
  const { files } = JSON.parse(await succeed('uefi', 'show', `${pki}/PK.update.auth`, '--dir', pki, '--json'));
  assert.is(files[0].update.variable, 'PK');
  assert.not.equal(der(pki, 'PK.crt'), old[2]);
  await succeed('uefi', 'rotate', 'ssig_subca', '--cascade', '--dir', pki, '--quiet');
  assert.is(entries(pki, 'DB.esl').length, 3);
  await sound(pki);
});

test('rotate PK twice: the update to the PK in between is kept, and both are told in their order', async () => {
  const pki = copyOf('twice');
  await succeed('uefi', 'rotate', 'PK', '--dir', pki, '--quiet');
  const first = readFileSync(path(pki, 'PK.update.auth'));
  const serialOf = () =>
    tool('openssl', ['x509', '-in', `${pki}/PK.crt`, '-noout', '-serial'], folder)
      .trim()
      .slice(7);
  const [one, two] = [serialOf(), await succeed('uefi', 'rotate', 'PK', '--dir', pki)];
  const kept = `.pki/retired/PK/${one.replace(/^0+/, '')}.auth`;
  assert.equal(readFileSync(path(pki, kept)), first);
  assert.ok(two.includes(`for machines in the field, in this order: ${kept}, PK.update.auth`), two);
  await sound(pki);
  const { files } = JSON.parse(await succeed('uefi', 'show', `${pki}/${kept}`, '--dir', pki, '--json'));
  assert.match(files[0].update.signers.join(), /CN=PK$/);
});

test('remove PK: noPK.auth empties it, after the PK that is there; a new PK has a new one', async () => {
  const pki = copyOf('cleared');
  await succeed('uefi', 'remove', 'PK', '--dir', pki);
  await sound(pki);
  const first = update(pki, 'noPK.auth');
  assert.is(first.payload.length, 0);
  assert.ok(first.time > update(pki, 'PK.auth').time);
  await succeed('rekey', 'PK', '--dir', pki, '--quiet');
  await sound(pki);
  assert.ok(update(pki, 'PK.auth').time > first.time && update(pki, 'noPK.auth').time > update(pki, 'PK.auth').time);
  writeFileSync(path(pki, 'noPK.auth'), readFileSync(path(pki, 'PK.auth')));
  const { status, stdout } = await run('verify', pki);
  assert.is(status, 1);
  assert.match(stdout, /noPK\.auth: it does not empty PK \[update-mismatch\]/);
});

test('dbx: revoked certificates that db leads to, signed by KEK; what is on hold, or elsewhere, is not among them', async () => {
  const pki = copyOf('forbidden');
  if (hasEfi) {
    copyFileSync(EFI, path('a.efi'));
    await succeed('sign', 'efi', 'a.efi', '--dir', pki);
    await succeed('check', 'efi', 'a.efi.signed', '--dir', pki);
  }
  const [revoked, held] = [der(pki, 'ssig_subca.cert'), der(pki, 'ssig.cert')];
  await succeed('revoke', 'ssig', '--reason', 'certificateHold', '--dir', pki, '--quiet');
  await succeed('revoke', 'backend', '--dir', pki, '--quiet');
  assert.match(await succeed('uefi', 'add', 'dbx', '--revoked', '--dir', pki), /nothing to change/);
  await succeed('revoke', 'ssig_subca', '--dir', pki, '--quiet');
  const { status, stdout, stderr } = await run('uefi', 'add', 'dbx', '--revoked', '--dir', pki);
  assert.is(status, 0, stderr);
  assert.match(stdout, /^changed: DBX\.esl, DBX\.auth, DBX\.append\.auth$/m);
  assert.match(stderr, /db has [0-9a-f]{64}, too: dbx wins/);
  const { findings } = JSON.parse((await run('verify', pki, '--json')).stdout);
  const codes = new Set(findings.map(({ code }: { code: string }) => code));
  assert.equal([...codes], ['revoked-published']);
  assert.equal(
    entries(pki, 'DBX.esl').map(({ data }) => data),
    [revoked],
  );
  assert.not.ok(has(pki, 'DBX.esl', held));
  const { files } = JSON.parse(await succeed('uefi', 'show', `${pki}/DBX.auth`, '--json'));
  assert.is(files[0].update.variable, 'dbx');
  assert.match(files[0].update.signers.join(), /CN=KEK$/);
  if (hasEfi) {
    const after = await run('check', 'efi', 'a.efi.signed', '--dir', pki);
    assert.is(after.status, 1);
    assert.match(after.stdout, /dbx has a certificate that signed it/);
  }
});

if (hasEfi)
  test('dbx and db by the hash of an EFI binary: dbx wins', async () => {
    const pki = copyOf('hashed');
    // What is no multiple of 8 bytes long is longer for that tool than for firmware.
    const image = readFileSync(EFI);
    writeFileSync(path('plain.efi'), Buffer.concat([image, Buffer.alloc(-image.length & 7)]));
    assert.is((await run('check', 'efi', 'plain.efi', '--dir', pki)).status, 1);
    await succeed('uefi', 'add', 'db', 'plain.efi', '--dir', pki, '--quiet');
    await succeed('check', 'efi', 'plain.efi', '--dir', pki);
    tool('hash-to-efi-sig-list', ['plain.efi', 'plain.esl'], folder);
    assert.equal(entries(pki, 'DB.esl')[2]!.data, entries('.', 'plain.esl')[0]!.data);
    await succeed('uefi', 'add', 'dbx', 'plain.efi', '--dir', pki, '--quiet');
    const { status, stdout } = await run('check', 'efi', 'plain.efi', '--dir', pki);
    assert.is(status, 1);
    assert.match(stdout, /dbx has its hash/);
    await sound(pki);
  });

test('a vendor’s update: its entries join ours, signed by us', async () => {
  const [pki, other] = [copyOf('mine'), copyOf('theirs')];
  await succeed('uefi', 'add', 'dbx', HASH, '--owner', VENDOR.toUpperCase(), '--dir', other, '--quiet');
  await succeed('uefi', 'add', 'dbx', `${other}/DBX.auth`, '--dir', pki, '--quiet');
  assert.equal(entries(pki, 'DBX.esl'), entries(other, 'DBX.esl'));
  assert.is(entries(pki, 'DBX.esl')[0]!.owner, VENDOR);
  await sound(pki);
});

test('kit: each shape holds what the directory holds, and nothing secret', async () => {
  const pki = copyOf('kitted');
  await succeed('uefi', 'add', 'db', 'vendor.pem', HASH, '--dir', pki, '--quiet');
  await succeed('uefi', 'add', 'dbx', 'board.pem', 'cd'.repeat(32), '--dir', pki, '--quiet');
  await succeed('uefi', 'kit', 'kit', '--dir', pki);
  for (const [variable, file] of [
    ['PK', 'PK'],
    ['KEK', 'KEK'],
    ['db', 'DB'],
    ['dbx', 'DBX'],
  ] as const) {
    const whole = readFileSync(path(pki, `${file}.auth`));
    assert.equal(readFileSync(path('kit/loader/keys/auto', `${variable}.auth`)), whole);
    assert.equal(readFileSync(path('kit/updates', `${file}.auth`)), whole);
    assert.equal(readFileSync(path('kit/lists', `${file}.esl`)), readFileSync(path(pki, `${file}.esl`)));
  }
  const keytool = readdirSync(path('kit/keytool')).sort();
  assert.equal(keytool, ['DB.esl', 'DBX.esl', 'KEK.esl', 'PK.auth']);
  assert.equal(readFileSync(path('kit/edk2/DB1.cer')), der(pki, 'DB.crt'));
  const options = readFileSync(path('kit/edk2/build-options.txt'), 'utf8').trim().split('\n');
  for (const file of options.flatMap(each => /=(edk2\/.*)$/.exec(each)?.[1] ?? []))
    assert.ok(existsSync(path('kit', file)), file);
  assert.ok(options.includes('-D DB_DEFAULT_FILE4=edk2/DB4.esl') && options.includes('-D PK_DEFAULT_FILE=edk2/PK.cer'));
  const virt = readFileSync(path('kit/virt-fw-vars/options.txt'), 'utf8');
  assert.match(virt, new RegExp(`^--add-db ${VENDOR} virt-fw-vars/db-[0-9a-f]{16}\\.pem$`, 'm'));
  assert.match(virt, new RegExp(`^--add-db-hash [0-9a-f-]{36} ${HASH}$`, 'm'));
  for (const file of [...virt.matchAll(/ (virt-fw-vars\/\S+)/g)].map(([, name]) => name!))
    assert.ok(existsSync(path('kit', file)), file);
  assert.throws(() => tool('grep', ['-rlaE', 'PRIVATE KEY', 'kit'], folder));
  await refused(/"kit" is not empty/, 'uefi', 'kit', 'kit', '--dir', pki);
  await sound(pki);
});

test('sizes and keys that firmware does not take are warnings that name it', async () => {
  const pki = copyOf('large');
  tool('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'ec.key'], folder);
  const args = ['req', '-x509', '-key', 'ec.key', '-days', '9', '-batch', '-config', '/dev/null', '-subj', '/CN=ec'];
  tool('openssl', [...args, '-out', 'ec.pem'], folder);
  const hashes = Array.from({ length: 250 }, (_, i) => i.toString(16).padStart(64, '0'));
  const { status, stderr } = await run('uefi', 'add', 'db', 'ec.pem', ...hashes, '--dir', pki);
  assert.is(status, 0, stderr);
  assert.match(
    stderr,
    /warning: CN=ec: not every UEFI firmware can use its ec:prime256v1 key.*; EDK2 refuses the whole update/,
  );
  assert.match(stderr, /warning: DB\.auth: its \d+ bytes are more than the 10240 that EDK2 takes/);
  assert.match(await succeed('uefi', 'show', `${pki}/DB.auth`), /warning: its \d+ bytes are more than the 10240/);
  await sound(pki);
});

test('what EDK2 refuses a whole update for does not join dbx: of an EC certificate it gets the hash', async () => {
  const pki = copyOf('refused');
  const config = ['-batch', '-config', '/dev/null', '-subj', '/CN=ec two', '-out', 'ec2.pem', '-keyout', 'ec2.key'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  tool('openssl', ['req', '-x509', ...key, ...config], folder);
  const { status, stderr } = await run('uefi', 'add', 'dbx', 'ec2.pem', '--dir', pki);
  assert.is(status, 0, stderr);
  assert.match(stderr, /dbx has the hash of CN=ec two, since EDK2 refuses a whole update that holds its ec:prime256v1/);
  const [hashed] = entries(pki, 'DBX.esl');
  tool('openssl', ['x509', '-in', 'ec2.pem', '-outform', 'DER', '-out', 'ec2.der'], folder);
  tool('openssl', ['asn1parse', '-inform', 'DER', '-in', 'ec2.der', '-strparse', '4', '-noout', '-out', 'tbs'], folder);
  assert.is(hashed!.type, X509_SHA256_GUID);
  const digest = createHash('sha256')
    .update(readFileSync(path('tbs')))
    .digest();
  assert.equal(hashed!.data, Buffer.concat([digest, Buffer.alloc(16)]));
  assert.match(await succeed('uefi', 'add', 'dbx', 'ec2.pem', '--dir', pki), /nothing to change/);
  await sound(pki);
  await succeed('uefi', 'remove', 'dbx', 'ec2.pem', '--dir', pki, '--quiet');
  assert.equal(entries(pki, 'DBX.esl'), []);
  const esl = (type: string, data: Buffer) => {
    writeFileSync(path('odd.esl'), formatSignatureLists([{ type, owner: VENDOR, data }]));
    return ['uefi', 'add', 'dbx', 'odd.esl', '--dir', pki] as const;
  };
  await refused(/an entry of type SHA-256 has 20 bytes, and not 32: /, ...esl(SHA256_GUID, Buffer.alloc(20)));
  await refused(/type X\.509 SHA-256 has 32 bytes, and not 48: /, ...esl(X509_SHA256_GUID, Buffer.alloc(32)));
  const shown = await succeed('uefi', 'show', 'odd.esl', '--dir', pki);
  assert.match(shown, /warning: an entry of type \S+ SHA-256 has 32 bytes, and not 48; EDK2 refuses the whole update/);
  const odd = await run(...esl('452e8ced-dfff-4b8c-ae01-5118862e682c', Buffer.alloc(16, 1)));
  assert.match(odd.stderr, /type 452e8ced-\S+ are known to no firmware of EDK2; EDK2 refuses the whole update/);
  const later = await run('uefi', 'add', 'dbx', HASH, '--dir', pki);
  assert.match(later.stderr, /dbx holds [0-9a-f]{64}, for which EDK2 refuses the whole update: "uefi remove dbx"/);
});

test('a directory of the old scripts: changed as it is, and what is in its list stays', async () => {
  tool('tar', ['xzf', join(ROOT, 'test/fixtures/directories/script-2021-rsa4096-uefi.tar.gz')], folder);
  const pki = 'script-2021-rsa4096-uefi';
  await succeed('uefi', 'add', 'db', 'vendor.pem', '--dir', pki, '--quiet');
  assert.is(entries(pki, 'DB.esl').length, 3);
  assert.equal(update(pki, 'DB.auth').payload, readFileSync(path(pki, 'DB.esl')));
  const { stdout } = await run('verify', pki);
  assert.match(stdout, /info {2}DB\.esl: it holds an entry besides our certificates, and no manifest names them/);
  assert.not.match(stdout, /^error/m);
});

test('what nobody recorded is an error of verify, and stays until it is taken out', async () => {
  const pki = copyOf('smuggled');
  tool('cert-to-efi-sig-list', ['-g', VENDOR, 'vendor.pem', 'vendor.esl'], folder);
  const list = Buffer.concat([readFileSync(path(pki, 'DB.esl')), readFileSync(path('vendor.esl'))]);
  writeFileSync(path(pki, 'DB.esl'), list);
  const { stdout } = await run('verify', pki);
  assert.match(stdout, /DB\.esl: besides .* it holds entries that nobody recorded \[list-mismatch\]/);
  const { stderr } = await run('uefi', 'add', 'db', HASH, '--dir', pki);
  assert.match(stderr, /"DB\.esl" keeps an entry that nobody recorded: trustme-pki uefi show smuggled\/DB\.esl/);
  await succeed('uefi', 'remove', 'db', 'vendor.pem', '--dir', pki, '--quiet');
  await sound(pki);
});

test('a list that is gone, or lost what was added: nothing is made from the rest of it', async () => {
  const pki = copyOf('lost');
  await succeed('uefi', 'add', 'db', 'board.pem', '--dir', pki, '--quiet');
  await succeed('uefi', 'add', 'dbx', HASH, '--dir', pki, '--quiet');
  const updates = ['DB.auth', 'DBX.auth'].map(file => readFileSync(path(pki, file)));
  const [db, dbx] = ['DB.esl', 'DBX.esl'].map(file => readFileSync(path(pki, file))) as [Buffer, Buffer];
  const asked: readonly [lost: Buffer, file: string, words: readonly string[]][] = [
    [dbx, 'DBX.esl', ['uefi', 'add', 'dbx', 'vendor.pem']],
    [dbx, 'DBX.esl', ['uefi', 'remove', 'dbx', HASH]],
    [dbx, 'DBX.esl', ['uefi', 'kit', 'no-kit']],
    ...(hasEfi ? [[dbx, 'DBX.esl', ['check', 'efi', EFI]] as [Buffer, string, string[]]] : []),
    [dbx, 'DBX.esl', ['rekey', 'KEK']],
    [db, 'DB.esl', ['uefi', 'add', 'db', 'vendor.pem']],
    [db, 'DB.esl', ['renew', 'DB']],
  ];
  for (const [lost, file, words] of asked) {
    rmSync(path(pki, file));
    await refused(new RegExp(`"${file}": it held an entry .*is gone[\\s\\S]*tail -c`), ...words, '--dir', pki);
    writeFileSync(path(pki, file), lost);
  }
  rmSync(path(pki, 'DBX.esl'));
  const { stdout } = await run('verify', pki);
  assert.match(stdout, /DBX\.esl: it held an entry besides our certificates, and is gone \[file-missing\]/);
  // The rest of the PKI goes on, and what the hint says brings the list back.
  await succeed('renew', 'backend', '--dir', pki, '--quiet');
  tool('sh', ['-c', /tail -c \d+ DBX\.auth >DBX\.esl/.exec(stdout)![0]], path(pki));
  assert.equal(readFileSync(path(pki, 'DBX.esl')), dbx);
  await sound(pki);
  writeFileSync(path(pki, 'DBX.esl'), '');
  await refused(/"DBX\.esl": it lacks an entry that/, 'uefi', 'add', 'dbx', 'vendor.pem', '--dir', pki);
  assert.match(
    (await run('verify', pki)).stdout,
    /DBX\.esl: it lacks an entry that "uefi add" recorded \[list-mismatch\]/,
  );
  assert.equal(
    ['DB.auth', 'DBX.auth'].map(file => readFileSync(path(pki, file))),
    updates,
  );
});

test('kit: a list that is damaged, and a FILE in the place of FOLDER, are refused in words', async () => {
  const pki = copyOf('damaged');
  for (const file of ['DB.esl', 'KEK.esl', 'PK.esl']) {
    writeFileSync(path(pki, file), readFileSync(path('base', file)).subarray(0, 500));
    await refused(new RegExp(`"${file}": it is no signature list: broken`), 'uefi', 'kit', 'no-kit', '--dir', pki);
    copyFileSync(path('base', file), path(pki, file));
  }
  assert.not.ok(existsSync(path('no-kit')));
  const { status, stderr } = await run('uefi', 'kit', 'board.pem', '--dir', pki);
  assert.is(status, 2);
  assert.match(stderr, /"board\.pem" is no folder/);
});

test('an update that is damaged is made again by the next change, later than it was', async () => {
  const pki = copyOf('cut');
  writeFileSync(path(pki, 'DB.auth'), readFileSync(path('base/DB.auth')).subarray(0, 300));
  await succeed('uefi', 'add', 'db', HASH, '--dir', pki, '--quiet');
  await sound(pki);
  assert.ok(update(pki, 'DB.append.auth').time > update('base', 'DB.auth').time);
});

test('field updates of a former authoriser go with it; verify finds those that are left', async () => {
  const pki = copyOf('lapsed');
  await succeed('uefi', 'add', 'dbx', HASH, '--dir', pki, '--quiet');
  await succeed('uefi', 'add', 'db', 'vendor.pem', '--dir', pki, '--quiet');
  const old = readFileSync(path(pki, 'DBX.append.auth'));
  // What is kept of ours is no entry that nobody recorded.
  const { stderr } = await run('uefi', 'rotate', 'KEK', '--dir', pki);
  assert.not.match(stderr, /nobody recorded/);
  // Machines know the old KEK as long as it is in the list.
  assert.equal(readFileSync(path(pki, 'DBX.append.auth')), old);
  await succeed('uefi', 'add', 'db', 'board.pem', '--dir', pki, '--quiet');
  await sound(pki);
  await succeed('uefi', 'rotate', 'KEK', '--finish', '--dir', pki, '--quiet');
  assert.not.ok(existsSync(path(pki, 'DBX.append.auth')));
  assert.ok(existsSync(path(pki, 'DB.append.auth')));
  await sound(pki);
  await succeed('uefi', 'kit', 'lapsed-kit', '--dir', pki);
  assert.not.ok(existsSync(path('lapsed-kit/updates/DBX.append.auth')));
  writeFileSync(path(pki, 'DBX.append.auth'), old);
  const { status, stdout } = await run('verify', pki);
  assert.is(status, 1);
  assert.match(stdout, /warning +DBX\.append\.auth: a former KEK signed it: .* \[field-update-lapsed\]/);
  assert.not.match(stdout, /^error/m);
});

test('field updates are told in the order in which machines take them; all are signed by whom these know', async () => {
  const pki = copyOf('ordered');
  const said = await succeed('rekey', 'PK', 'KEK', 'DB', '--dir', pki);
  assert.match(
    said,
    /^for machines in the field, in this order: DB\.append\.auth, KEK\.append\.auth, PK\.update\.auth$/m,
  );
  await sound(pki);
  // Each verifies with what is there before the next one.
  for (const [file, variable] of [
    ['DB.append.auth', 'db'],
    ['KEK.append.auth', 'KEK'],
    ['PK.update.auth', 'PK'],
  ]) {
    const shown = JSON.parse(await succeed('uefi', 'show', `${pki}/${file}`, '--dir', 'base', '--json'));
    assert.is(shown.files[0].update.variable, variable);
  }
  const { fieldUpdates } = JSON.parse(await succeed('renew', 'PK', 'KEK', 'DB', '--dir', pki, '--json'));
  // The PK that signed these came to machines by the update of the first run.
  const [former] = readdirSync(path(pki, '.pki/retired/PK')).filter(name => name.endsWith('.auth'));
  assert.equal(fieldUpdates, [`.pki/retired/PK/${former}`, 'DB.append.auth', 'KEK.append.auth', 'PK.update.auth']);
});

test('an update that got an entry after it was signed is refused, and nothing changes', async () => {
  const pki = copyOf('appended');
  const [signed, more, before] = ['base/DB.auth', 'base/KEK.esl', `${pki}/DB.esl`].map(file =>
    readFileSync(path(file)),
  );
  writeFileSync(path('appended.auth'), Buffer.concat([signed!, more!]));
  await refused(/"appended\.auth" was changed after it was signed/, 'uefi', 'add', 'db', 'appended.auth', '--dir', pki);
  assert.equal(readFileSync(path(`${pki}/DB.esl`)), before);
  await succeed('uefi', 'add', 'db', 'base/DB.auth', '--dir', pki);
});

test('an update of another variable is refused with the right one; an owner that changes nothing is told', async () => {
  const pki = copyOf('mistaken');
  for (const [name, file, hint] of [
    ['db', 'KEK.auth', /"base\/KEK\.auth" is an update of KEK, not of db[\s\S]*uefi add KEK base\/KEK\.auth/],
    ['db', 'PK.auth', /is an update of PK, not of db[\s\S]*uefi rotate PK/],
    ['KEK', 'PK.auth', /is an update of PK, not of KEK/],
    ['dbx', 'DB.auth', /is an update of db, not of dbx/],
  ] as const)
    await refused(hint, 'uefi', 'add', name, `base/${file}`, '--dir', pki);
  assert.equal(readFileSync(path(pki, 'DB.esl')), readFileSync(path('base/DB.esl')));
  const guid = '11111111-2222-3333-4444-555555555555';
  await succeed('uefi', 'add', 'db', 'board.pem', '--owner', guid, '--dir', pki, '--quiet');
  for (const [owner, expected] of [
    [VENDOR, new RegExp(`warning: db has [0-9a-f]{64} with the owner ${guid}, which stays: "uefi remove"`)],
    [guid, /^$/],
  ] as const) {
    const { status, stdout, stderr } = await run('uefi', 'add', 'db', 'board.pem', '--owner', owner, '--dir', pki);
    assert.is(status, 0);
    assert.match(stdout, /nothing to change/);
    assert.match(stderr, expected);
  }
});

const mistakes: readonly [name: string, expected: RegExp, words: readonly string[]][] = [
  ['no subverb', /what is to be done is missing[\s\S]*uefi show\|add/, []],
  ['a subverb with a slip', /did you mean "uefi rotate"/, ['rotat', 'db']],
  ['no variable', /which variable is missing/, ['add']],
  ['an unknown variable', /"dbxx" is no variable of UEFI/, ['add', 'dbxx', HASH]],
  ['nothing to add', /what is to be added is missing/, ['add', 'db']],
  ['a second key for PK', /PK holds one key[\s\S]*uefi rotate PK/, ['add', 'PK', 'vendor.pem']],
  ['a hash for KEK', /KEK holds certificates alone/, ['add', 'KEK', HASH]],
  ['a file that is not there', /"nope\.pem" is not there/, ['add', 'db', 'nope.pem']],
  ['a private key', /"vendor\.key" is nothing that a UEFI list holds/, ['add', 'db', 'vendor.key']],
  ['a broken GUID', /--owner "77fa" is no GUID/, ['add', 'db', HASH, '--owner', '77fa']],
  ['--revoked for db', /--revoked is for dbx/, ['add', 'db', '--revoked']],
  ['what is not there', /db holds nothing that is "abababab"/, ['remove', 'db', 'abababab']],
  ['a certificate of ours', /"base\/DB\.crt" is a certificate of ours/, ['remove', 'db', 'base/DB.crt']],
  ['more than PK', /PK holds one key/, ['remove', 'PK', 'base/PK.crt']],
  ['an entity in no list', /no UEFI variable holds the certificate of "backend"/, ['rotate', 'backend']],
  ['a CA without what is below it', /makes worthless: ssig/, ['rotate', 'ssig_subca']],
  ['PK, which holds one key, to finish', /PK holds one key/, ['rotate', 'PK', '--finish']],
];
for (const [name, expected, words] of mistakes)
  test(`mistake: ${name}`, async () => {
    const before = readFileSync(path('base/DB.auth'));
    await refused(expected, 'uefi', ...words, ...(words.length > 0 ? ['--dir', 'base'] : []));
    assert.equal(readFileSync(path('base/DB.auth')), before);
  });

test('a directory without platform keys, and one without the key that signs, say so', async () => {
  await succeed('generate', '--dir', 'bare', '--key-type', 'ec:prime256v1', '--quiet');
  await refused(
    /"bare" has no UEFI platform keys[\s\S]*generate --platform-keys/,
    'uefi',
    'add',
    'db',
    HASH,
    '--dir',
    'bare',
  );
  await refused(/no list and update of PK, KEK, db/, 'uefi', 'kit', 'no-kit', '--dir', 'bare');
  await refused(/"bare" has no signature lists/, 'uefi', 'show', '--dir', 'bare');
  const pki = copyOf('keyless');
  rmSync(path(pki, 'KEK.key'));
  await refused(/"KEK\.key", which a new DB\.auth needs/, 'uefi', 'add', 'db', HASH, '--dir', pki);
  assert.equal(readFileSync(path(pki, 'DB.esl')), readFileSync(path('base/DB.esl')));
  assert.not.ok(readdirSync(folder).some(name => name.includes('.staging.')));
});

test.run();
