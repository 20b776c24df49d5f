// sign and check: EFI binaries and configurations, with keys in files and in a token, judged by the tools that read them.
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, isMissing, MAIN, ROOT, SIGN_FILE, scratch, start, tool } from '../helpers/door.ts';
import { inOwnMounts } from '../helpers/own-mounts.ts';
import { programIn } from '../helpers/program.ts';
import { keySection, makeToken, PIN, softhsm } from '../helpers/token.ts';

const test = suite('artifacts');
const folder = scratch();
const hasToken = !isMissing('softhsm2-util') && !isMissing('pkcs11-tool');
const reach: NodeJS.ProcessEnv = hasToken ? { ...softhsm(folder), TRUSTME_PKCS11_PIN: PIN } : {};
const EFI = '/usr/lib/efitools/x86_64-linux-gnu/HelloWorld.efi';
const hasEfi = !isMissing('sbsign') && existsSync(EFI);

const { run, succeed, refused } = programIn(folder, reach);

test.before(async () => {
  await succeed('generate', '--dir', 'ec', '--key-type', 'ec:prime256v1', '--platform-keys', '--quiet');
  await succeed('generate', '--dir', 'rsa', '--key-type', 'rsa:2048', '--platform-keys', '--quiet');
  if (!hasToken) return;
  makeToken('sign', reach);
  mkdirSync(join(folder, 'conf/software-signing'), { recursive: true });
  for (const stem of ['ssig_subca', 'ssig_cml'])
    writeFileSync(join(folder, `conf/software-signing/${stem}.ini`), keySection('sign', stem));
  const words = ['--key-type', 'rsa:2048', '--conf', 'conf', '--platform-keys', '--generate-token-keys', '--quiet'];
  await succeed('generate', '--dir', 'token', ...words);
});

for (const dir of ['ec', 'rsa', ...(hasToken ? ['token'] : [])])
  test(`a configuration is signed with ${dir}, and openssl takes it as the device does`, async () => {
    const work = join(folder, `config-${dir}`);
    mkdirSync(work);
    writeFileSync(join(work, 'debos-1.conf'), 'name: "debos"\n');
    const file = `config-${dir}/debos-1.conf`;
    const written = await succeed('sign', 'config', file, '--dir', dir);
    assert.equal(written.trim().split('\n'), [join(work, 'debos-1.sig'), join(work, 'debos-1.cert')]);
    const publicKey = tool('openssl', ['x509', '-in', 'debos-1.cert', '-noout', '-pubkey'], work);
    writeFileSync(join(work, 'key.pem'), publicKey);
    const pss = dir === 'ec' ? [] : ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:64'];
    const args = ['dgst', '-sha512', '-verify', 'key.pem', '-signature', 'debos-1.sig', ...pss, 'debos-1.conf'];
    assert.match(tool('openssl', args, work), /Verified OK/);
    assert.match(await succeed('check', 'config', file, '--dir', dir), /debos-1\.conf: OK/);
    await succeed('sign', 'config', file, '--cms', '--dir', dir);
    const anchor = join(folder, dir, 'ssig_rootca.cert');
    const cms = ['cms', '-verify', '-binary', '-inform', 'PEM', '-in', 'debos-1.p7s', '-content', 'debos-1.conf'];
    assert.is(tool('openssl', [...cms, '-CAfile', anchor, '-purpose', 'any'], work), 'name: "debos"\n');
    assert.match(await succeed('check', 'config', file, '--cms', '--dir', dir), /: OK/);
    writeFileSync(join(work, 'debos-1.conf'), 'name: "other"\n');
    await refused(/debos-1\.sig" is no signature of it/, 'check', 'config', file, '--dir', dir);
    await refused(/verif|digest/i, 'check', 'config', file, '--cms', '--dir', dir);
    assert.equal(
      readdirSync(work).filter(name => name.startsWith('.')),
      [],
    );
  });

test('a configuration that another PKI signed is refused, and so is one without a signature', async () => {
  await refused(/config-rsa\/debos-1\.conf: /, 'check', 'config', 'config-rsa/debos-1.conf', '--dir', 'ec');
  writeFileSync(join(folder, 'lonely.conf'), 'x');
  writeFileSync(join(folder, 'piped.conf'), 'x');
  tool('mkfifo', ['piped.sig', 'piped.fw.sig'], folder);
  writeFileSync(join(folder, 'piped.fw'), 'x');
  await refused(/piped\.sig" is no file/, 'check', 'config', 'piped.conf', '--dir', 'ec');
  await refused(/piped\.fw\.sig" is no file/, 'check', 'ima', 'piped.fw', '--dir', 'ec');
  await refused(/lonely\.sig" is not there/, 'check', 'config', 'lonely.conf', '--dir', 'ec');
  await succeed('sign', 'config', 'piped.fw', '--cms', '--output', 'alien', '--dir', 'ec');
  const alien = ['check', 'config', 'piped.fw', '--cms', '--output', 'alien', '--dir'] as const;
  await succeed(...alien, 'ec');
  await refused(/piped\.fw: unable to get local issuer certificate$/m, ...alien, 'rsa');
});

test('a CMS that openssl does not verify is thrown away, with the reason that it gives', async () => {
  writeFileSync(join(folder, 'strict.conf'), 'x');
  const critical = ['-addext', '1.2.3.4=critical,ASN1:NULL', '-subj', '/CN=x', '-out', 'strict.pem'];
  tool('openssl', ['req', '-x509', '-key', 'ec/ssig_cml.key', '-batch', '-config', '/dev/null', ...critical], folder);
  const reason =
    /"\S*strict\.conf" does not verify with \S*strict\.pem, and was thrown away: unhandled critical extension$/m;
  await refused(reason, 'sign', 'config', 'strict.conf', '--cms', '-k', 'ec/ssig_cml.key', '--cert', 'strict.pem');
  assert.not(existsSync(join(folder, 'strict.p7s')));
});

test('a signer’s certificate that is none, or whose key signs nothing, is refused with its file', async () => {
  for (const name of ['odd.conf', 'odd.sig']) writeFileSync(join(folder, name), 'x');
  writeFileSync(join(folder, 'odd.cert'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  await refused(/odd\.cert" holds no certificate, or one/, 'check', 'config', 'odd.conf', '--dir', 'ec');
  const words = ['sign', 'config', 'odd.conf', '--output', 'odder'];
  await refused(/"odd\.cert" has a certificate that cannot/, ...words, '-k', 'ec/ssig_cml.key', '--cert', 'odd.cert');
  tool('openssl', ['genpkey', '-algorithm', 'X25519', '-out', 'odd.key'], folder);
  tool('openssl', ['pkey', '-in', 'odd.key', '-pubout', '-out', 'odd.pub'], folder);
  const ca = join(folder, 'ec/ssig_rootca');
  tool('openssl', ['req', '-new', '-key', `${ca}.key`, '-subj', '/CN=odd', '-out', 'odd.csr', '-batch'], folder, {
    OPENSSL_CONF: '/etc/ssl/openssl.cnf',
  });
  const by = ['-CA', `${ca}.cert`, '-CAkey', `${ca}.key`, '-force_pubkey', 'odd.pub', '-set_serial', '7'];
  tool('openssl', ['x509', '-req', '-in', 'odd.csr', ...by, '-out', 'odd.cert'], folder);
  await refused(/odd\.sig" is no signature of it by the key of/, 'check', 'config', 'odd.conf', '--dir', 'ec');
  await refused(/key of \S+odd\.cert cannot make/, ...words, '-k', 'odd.key', '--cert', 'odd.cert');
});

if (hasEfi)
  for (const dir of ['rsa', ...(hasToken ? ['token'] : [])])
    test(`EFI binaries are signed with ${dir}; sbverify and the db list take them`, async () => {
      const names = ['a', 'b', 'c'].map(name => `${dir}-${name}.efi`);
      for (const name of names) copyFileSync(EFI, join(folder, name));
      await succeed('sign', 'efi', ...names, '--dir', dir);
      for (const name of names) {
        assert.equal(readFileSync(join(folder, name)), readFileSync(EFI));
        const certificate = join(folder, dir, 'ssig_subca.cert');
        assert.match(tool('sbverify', ['--cert', certificate, `${name}.signed`], folder), /Signature verification OK/);
      }
      assert.match(await succeed('check', 'efi', `${names[0]}.signed`, '--dir', dir), /: OK/);
      await refused(/no certificate that is asked for/, 'check', 'efi', names[0]!, '--dir', dir);
      const both = ['--signer', 'ssig_subca', '--signer', 'DB'];
      await succeed('sign', 'efi', names[0]!, ...both, '--output', `${dir}-two.efi`, '--dir', dir);
      const list = tool('sbverify', ['--list', `${dir}-two.efi`], folder);
      assert.is(list.match(/^signature \d/gm)?.length, 2);
      await succeed('check', 'efi', `${dir}-two.efi`, ...both, '--dir', dir);
    });

if (hasEfi)
  test('EC signs EFI binaries, and what few firmware verifies is a warning', async () => {
    const warning = /warning: .*Signing Sub CA: not every UEFI firmware can use its ec:prime256v1 key: few verify/;
    for (const [dir, pattern] of [
      ['ec', warning],
      ['rsa', /^$/],
    ] as const)
      for (const words of [
        ['sign', 'efi', EFI, '--output', `warned-${dir}.efi`],
        ['check', 'efi', `warned-${dir}.efi`],
        ['check', 'efi', `warned-${dir}.efi`, '--signer', 'ssig_subca'],
      ]) {
        const { status, stderr } = await run(...words, '--dir', dir);
        assert.is(status, 0, stderr);
        assert.match(stderr, pattern);
      }
  });

/** The certificate blocks of a file, each changed by its place in it. */
function rewrite(file: string, change: (block: string, i: number) => string): void {
  const blocks = readFileSync(join(folder, file), 'latin1').match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/g)!;
  writeFileSync(join(folder, file), blocks.map(change).join(''), 'latin1');
}

/** What openssl reads as a certificate all the same, or passes over. */
const ODD_BLOCKS: readonly ((block: string) => string)[] = [
  block => block.replace('-----\n', '----- \n'),
  block => block.replaceAll(' CERTIFICATE-----', ' X509 CERTIFICATE-----'),
  block => block.replaceAll(' CERTIFICATE-----', ' TRUSTED CERTIFICATE-----'),
  block => block.replace('-----\n', '-----\xa0\n'),
  block => ` ${block}`,
];

test('the key that signed a configuration is that of the certificate whose path is verified', async () => {
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
  tool('openssl', ['req', '-x509', ...ec, '-keyout', 'evil.key', '-subj', '/CN=evil', '-out', 'evil.crt'], folder);
  writeFileSync(join(folder, 'evil.conf'), 'evil');
  tool('openssl', ['dgst', '-sha512', '-sign', 'evil.key', '-out', 'evil.sig', 'evil.conf'], folder);
  const evil = readFileSync(join(folder, 'evil.crt'), 'latin1');
  const known = /evil\.conf: .*(is no signature of it by the key of|holds no certificate, or one that)/;
  for (const change of ODD_BLOCKS) {
    copyFileSync(join(folder, 'ec/ssig_cml.cert'), join(folder, 'evil.cert'));
    rewrite('evil.cert', (block, i) => (i === 0 ? change(block) : block) + evil);
    await refused(known, 'check', 'config', 'evil.conf', '--dir', 'ec');
  }
});

test('a CA in the chain of a configuration that was revoked is found as openssl finds it', async () => {
  cpSync(join(folder, 'ec'), join(folder, 'revoked'), { recursive: true });
  writeFileSync(join(folder, 'below.conf'), 'x');
  await succeed('sign', 'config', 'below.conf', '--dir', 'revoked');
  await succeed('revoke', 'ssig_subca_cml', '--dir', 'revoked');
  const whole = readFileSync(join(folder, 'below.cert'));
  for (const change of ODD_BLOCKS) {
    writeFileSync(join(folder, 'below.cert'), whole);
    rewrite('below.cert', (block, i) => (i === 1 ? change(block) : block));
    await refused(
      /is revoked \(unspecified\)|holds no certificate, or one that/,
      'check',
      'config',
      'below.conf',
      '--dir',
      'revoked',
    );
  }
});

test('where only certificates and lists lie, the lists that the CAs signed tell what is revoked', async () => {
  await succeed('generate', '--dir', 'listed', '--key-type', 'ec:prime256v1', '--quiet');
  writeFileSync(join(folder, 'listed.conf'), 'x');
  await succeed('sign', 'config', 'listed.conf', '--dir', 'listed');
  await succeed('crl', '--dir', 'listed');
  /** A folder with all that is public; `change` gets its path. */
  const published = (name: string, change: (path: string) => void = () => {}): string[] => {
    const path = join(folder, name);
    mkdirSync(path);
    for (const file of readdirSync(join(folder, 'listed')).filter(each => /\.(cert|crl)$/.test(each)))
      copyFileSync(join(folder, 'listed', file), join(path, file));
    change(path);
    return ['check', 'config', 'listed.conf', '--dir', name];
  };
  await succeed(...published('listed-good'));
  await succeed('revoke', 'ssig_cml', '--reason', 'certificateHold', '--dir', 'listed');
  await succeed('crl', '--dir', 'listed');
  await refused(/is revoked \(certificateHold\): .*CN=/, ...published('listed-hold'));
  await succeed('revoke', 'ssig_cml', '--reason', 'removeFromCRL', '--dir', 'listed');
  await succeed('revoke', 'ssig_subca_cml', '--dir', 'listed');
  await succeed('crl', '--dir', 'listed');
  await refused(/is revoked \(unspecified\): .*CN=/, ...published('listed-above'));
  const forge = (path: string) => {
    const list = join(path, 'ssig_rootca.crl');
    tool('openssl', ['crl', '-in', list, '-outform', 'DER', '-out', list]);
    const der = readFileSync(list);
    der[der.length - 1]! ^= 1;
    writeFileSync(list, der);
  };
  await succeed(...published('listed-forged', forge));
});

test('a certificate that is revoked or on hold signs nothing, until it is released', async () => {
  await succeed('generate', '--dir', 'lost', '--key-type', 'ec:prime256v1', '--quiet');
  writeFileSync(join(folder, 'held.conf'), 'x');
  await succeed('revoke', 'ssig_cml', '--reason', 'certificateHold', '--dir', 'lost');
  await refused(/ssig_cml\.cert is revoked \(certificateHold\)/, 'sign', 'config', 'held.conf', '--dir', 'lost');
  const files = ['-k', 'lost/ssig_cml.key', '--cert', 'lost/ssig_cml.cert'];
  await refused(/ssig_cml\.cert is revoked \(certificateHold\)/, 'sign', 'config', 'held.conf', ...files);
  copyFileSync(join(folder, 'lost/ssig_cml.cert'), join(folder, 'moved.cert'));
  const moved = ['-k', 'lost/ssig_cml.key', '--cert', 'moved.cert'];
  await refused(/moved\.cert is revoked/, 'sign', 'config', 'held.conf', ...moved, '--dir', 'lost');
  assert.not.ok(existsSync(join(folder, 'held.sig')));
  await succeed('revoke', 'ssig_cml', '--reason', 'removeFromCRL', '--dir', 'lost');
  for (const cms of [[], ['--cms']]) {
    await succeed('sign', 'config', 'held.conf', ...cms, '--dir', 'lost');
    await succeed('check', 'config', 'held.conf', ...cms, '--dir', 'lost');
  }
  await succeed('revoke', 'ssig_cml', '--reason', 'keyCompromise', '--dir', 'lost');
  for (const cms of [[], ['--cms']])
    await refused(/is revoked \(keyCompromise\): /, 'check', 'config', 'held.conf', ...cms, '--dir', 'lost');
});

if (!isMissing('faketime'))
  test('an expired certificate signs nothing, however it is named', async () => {
    writeFileSync(join(folder, 'late.conf'), 'x');
    for (const more of [
      ['-k', 'ec/ssig_cml.key', '--cert', 'ec/ssig_cml.cert'],
      ['--dir', 'ec'],
    ]) {
      const words = ['-f', '+1200d', process.execPath, MAIN, 'sign', 'config', 'late.conf', ...more];
      const { status, stderr } = await start('faketime', words, { cwd: folder }).ended;
      assert.is(status, 1, stderr);
      assert.match(stderr, /ssig_cml\.cert has expired/);
      assert.not(existsSync(join(folder, 'late.sig')));
    }
  });

if (hasEfi)
  test('what is no EFI binary, or not all of one, is neither signed nor found good', async () => {
    await succeed('sign', 'efi', EFI, '--output', 'whole.efi', '--dir', 'rsa');
    const whole = readFileSync(join(folder, 'whole.efi'));
    const tampered = Buffer.from(whole);
    tampered[5000] = tampered[5000]! ^ 1;
    const flawed: readonly (readonly [string, Buffer, RegExp])[] = [
      ['empty.efi', Buffer.alloc(0), /is no EFI binary \(PE\/COFF\): it is empty/],
      ['random.efi', Buffer.from('MZ'.padEnd(200, 'x')), /is no EFI binary/],
      ['short.efi', whole.subarray(0, 1500), /is cut off: its section \S+ ends at byte \d+, and it has 1500/],
    ];
    for (const [name, bytes, pattern] of flawed) {
      writeFileSync(join(folder, name), bytes);
      await refused(pattern, 'sign', 'efi', name, '--dir', 'rsa');
      await refused(pattern, 'check', 'efi', name, '--dir', 'rsa');
      assert.not(existsSync(join(folder, `${name}.signed`)));
    }
    writeFileSync(join(folder, 'tampered.efi'), tampered);
    await refused(/it was changed after it was signed/, 'check', 'efi', 'tampered.efi', '--dir', 'rsa');
    await refused(/ssig_cml has an RSA-PSS key/, 'sign', 'efi', EFI, '--signer', 'ssig_cml', '--dir', 'rsa');
  });

test('a file that is too large to be read is refused', async () => {
  writeFileSync(join(folder, 'huge.ko'), '');
  truncateSync(join(folder, 'huge.ko'), 2200 * 2 ** 20);
  for (const verb of ['sign', 'check'])
    await refused(/"huge\.ko" has 2306867200 bytes/, verb, 'module', 'huge.ko', '--dir', 'rsa');
});

test('what cannot be signed is said, and nothing is written', async () => {
  writeFileSync(join(folder, 'text.efi'), 'no binary');
  if (hasEfi) await refused(/text\.efi" is no EFI binary/, 'sign', 'efi', 'text.efi', '--dir', 'rsa');
  assert.not(existsSync(join(folder, 'text.efi.signed')));
  await refused(/did you mean "config"/, 'sign', 'conifg', 'lonely.conf', '--dir', 'ec');
  await refused(/nothing to be signed is named/, 'sign');
  await refused(/"none.conf" is not there/, 'sign', 'config', 'none.conf', '--dir', 'ec');
  await refused(/has no certificate "ssig_cm"/, 'sign', 'config', 'lonely.conf', '--signer', 'ssig_cm', '--dir', 'ec');
  await succeed('generate', '--dir', 'ed', '--key-type', 'ed25519', '--quiet');
  const unable =
    /which the ed25519 key of ssig_cml\.cert cannot make[\s\S]*ENTITY, or --cms with OpenSSL 3\.5 where the device/;
  await refused(unable, 'sign', 'config', 'lonely.conf', '--dir', 'ed');
  copyFileSync('/bin/true', join(folder, 'ed.ko'));
  for (const [kind, there, reader] of [
    ['efi', hasEfi, 'firmware'],
    ['module', hasSignFile, "the kernel's module loader"],
    ['ima', !isMissing('evmctl'), "the kernel's IMA"],
  ] as const) {
    if (!there) continue;
    const pattern = new RegExp(`ssig_subca has an ed25519 key, and ${reader} knows none[^]*hint: sign with an RSA`);
    await refused(pattern, 'sign', kind, kind === 'efi' ? EFI : 'ed.ko', '--output', 'ed.signed', '--dir', 'ed');
    assert.not(existsSync(join(folder, 'ed.signed')));
  }
  writeFileSync(join(folder, 'lonely.key'), 'a key');
  await refused(/would stand beside/, 'sign', 'config', 'lonely.conf', '--dir', 'ec');
  assert.not(existsSync(join(folder, 'lonely.sig')));
});

const hasSignFile = !isMissing(SIGN_FILE);
if (hasSignFile)
  for (const dir of ['rsa', ...(hasToken ? ['token'] : [])])
    test(`kernel modules are signed with ${dir}, as sign-file itself does it`, async () => {
      const names = ['a', 'b'].map(name => `${dir}-${name}.ko`);
      for (const name of names) copyFileSync('/bin/true', join(folder, name));
      await succeed('sign', 'module', ...names, '--dir', dir, '--digest', 'sha512');
      const [first] = names as [string];
      if (dir === 'rsa') {
        tool(SIGN_FILE, ['sha512', 'rsa/ssig_subca.key', 'rsa/ssig_subca.cert', first, 'expected.ko'], folder);
        assert.equal(readFileSync(join(folder, `${first}.signed`)), readFileSync(join(folder, 'expected.ko')));
      }
      assert.match(await succeed('check', 'module', `${first}.signed`, '--dir', dir), /: OK/);
      await refused(/it has no signature/, 'check', 'module', first, '--dir', dir);
      await refused(
        /not one by this certificate/,
        'check',
        'module',
        `${first}.signed`,
        '--signer',
        'DB',
        '--dir',
        dir,
      );
      // Signed again, the old signature goes; in place, also through a link, mode, owner and name stay.
      copyFileSync(join(folder, `${first}.signed`), join(folder, first));
      chmodSync(join(folder, first), 0o640);
      const isRoot = process.getuid?.() === 0;
      if (isRoot) chownSync(join(folder, first), 65534, 65534);
      symlinkSync(first, join(folder, `link-${first}`));
      await succeed('sign', 'module', `link-${first}`, '--in-place', '--dir', dir, '--digest', 'sha512');
      assert.equal(readFileSync(join(folder, first)), readFileSync(join(folder, `${first}.signed`)));
      assert.ok(lstatSync(join(folder, `link-${first}`)).isSymbolicLink());
      const { mode, uid, gid } = statSync(join(folder, first));
      assert.is(mode & 0o777, 0o640);
      if (isRoot) assert.equal([uid, gid], [65534, 65534]);
    });

/** A module with a signature as sign-file appends it, but for what is behind it. */
const moduleOf = (content: Buffer, signature: Buffer, parameters = '0000020000000000'): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(signature.length);
  return Buffer.concat([content, signature, Buffer.from(parameters, 'hex'), length, Buffer.from(APPENDED)]);
};
const APPENDED = '~Module signature appended~\n';

test("what a CA of the machine's trust store stands for is not signed by this certificate", () => {
  const content = readFileSync('/bin/true').subarray(0, 5000);
  const work = join(folder, 'store');
  mkdirSync(join(work, 'certs'), { recursive: true });
  writeFileSync(join(work, 'x.ko'), content);
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-noenc', '-batch', '-config', '/dev/null', '-days', '9'];
  const usages = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=keyCertSign'];
  tool('openssl', [...made, ...usages, '-subj', '/CN=machine', '-keyout', 'ca.key', '-out', 'ca.pem'], work);
  const byCa = ['-CA', 'ca.pem', '-CAkey', 'ca.key'];
  tool('openssl', [...made, ...byCa, '-subj', '/CN=anybody', '-keyout', 'x.key', '-out', 'x.pem'], work);
  const sign = ['cms', '-sign', '-binary', '-noattr', '-in', 'x.ko', '-signer', 'x.pem', '-inkey', 'x.key'];
  tool('openssl', [...sign, '-outform', 'DER', '-out', 'x.p7'], work);
  writeFileSync(join(work, 'forged.ko'), moduleOf(content, readFileSync(join(work, 'x.p7'))));
  const hash = tool('openssl', ['x509', '-in', 'ca.pem', '-noout', '-hash'], work).trim();
  copyFileSync(join(work, 'ca.pem'), join(work, `certs/${hash}.0`));
  const store = join(/"(.*)"/.exec(tool('openssl', ['version', '-d']))![1]!, 'certs');
  const script = [
    `mount --bind '${work}/certs' "$(realpath '${store}')" || exit`,
    `unset SSL_CERT_FILE SSL_CERT_DIR; openssl verify '${work}/x.pem'`,
    `'${process.execPath}' '${MAIN}' check module '${work}/forged.ko' --dir '${folder}/rsa'`,
  ].join('\n');
  const ended = inOwnMounts(script);
  if (!ended) return;
  const { status, stdout } = ended;
  assert.match(stdout, /x\.pem: OK\n.*forged\.ko: its signature is not one by this certificate/);
  assert.is(status, 1);
});

test('a module whose signature the kernel takes from nobody is refused, with what is wrong with it', async () => {
  const content = readFileSync('/bin/true').subarray(0, 5000);
  writeFileSync(join(folder, 'plain.ko'), content);
  const by = ['-in', 'plain.ko', '-inkey', 'rsa/ssig_subca.key', '-outform', 'DER', '-out', 'plain.p7'];
  const cmsBy = (signer: string, ...more: string[]): Buffer => {
    tool('openssl', ['cms', '-sign', '-binary', '-nocerts', ...by, '-signer', signer, ...more], folder);
    return readFileSync(join(folder, 'plain.p7'));
  };
  const cms = (...more: string[]) => cmsBy('rsa/ssig_subca.cert', ...more);
  const good = cms('-noattr');
  const odd: readonly (readonly [Buffer, RegExp, string?])[] = [
    [cms(), /has signed attributes/],
    [cms('-noattr', '-nodetach'), /holds what it signs/],
    [cms('-noattr', '-md', 'sha3-256'), /of a sha3-256 hash/],
    [cms('-noattr', '-keyopt', 'rsa_padding_mode:pss'), /is RSA-PSS/],
    [cms('-noattr', '-econtent_type', '1.2.3.4'), /other content than data/],
    [Buffer.from('no CMS'), /no CMS in DER/],
    [good, /what follows its signature is 0000010000000000/, '0000010000000000'],
    [good, /what follows its signature is 0100020000000000/, '0100020000000000'],
    [good, /what follows its signature is 0000020000000001/, '0000020000000001'],
  ];
  const check = ['check', 'module', 'odd.ko', '--dir', 'rsa'];
  for (const [signature, pattern, parameters] of odd) {
    writeFileSync(join(folder, 'odd.ko'), moduleOf(content, signature, parameters));
    await refused(pattern, ...check);
  }
  for (const [start, command] of [
    ['fd377a585a00', 'xz -dk'],
    ['28b52ffd', 'zstd -d'],
    ['1f8b', 'gzip -dk'],
  ] as const) {
    writeFileSync(join(folder, 'odd.ko'), Buffer.from(start, 'hex'));
    await refused(
      new RegExp(`it is compressed, and the kernel verifies what is in it: ${command} \\S*odd\\.ko`),
      ...check,
    );
  }
  // Extensions of the certificate that openssl does not know are nothing to the kernel, critical or not.
  mkdirSync(join(folder, 'critical'));
  const critical = ['-addext', '1.2.3.4=critical,ASN1:NULL', '-subj', '/CN=x', '-out', 'critical/x.cert'];
  tool(
    'openssl',
    ['req', '-x509', '-key', 'rsa/ssig_subca.key', '-batch', '-config', '/dev/null', ...critical],
    folder,
  );
  writeFileSync(join(folder, 'odd.ko'), moduleOf(content, cmsBy('critical/x.cert', '-noattr')));
  await refused(/not one by this certificate/, ...check);
  await succeed('check', 'module', 'odd.ko', '--dir', 'critical', '--signer', 'x');
  for (const digest of ['sha1', 'sha224', 'sha512']) {
    writeFileSync(join(folder, 'odd.ko'), moduleOf(content, cms('-noattr', '-md', digest)));
    await succeed(...check);
  }
});

if (hasSignFile && !isMissing('evmctl'))
  test('keys that the kernel does not know are refused, and those that it came to know late are a warning', async () => {
    copyFileSync('/bin/true', join(folder, 'curve.ko'));
    const SKI = ['-addext', 'subjectKeyIdentifier=hash'];
    const certify = (curve: string) => {
      const key = ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${curve}`, '-nodes', '-keyout', 'curves/x.key'];
      const rest = ['-days', '9', '-batch', '-config', '/dev/null', '-subj', '/CN=x', ...SKI, '-out', 'curves/x.cert'];
      tool('openssl', ['req', '-x509', ...key, ...rest], folder);
    };
    mkdirSync(join(folder, 'curves'));
    for (const [curve, warning] of [
      ['secp384r1', /^$/],
      ['secp521r1', /warning: CN=x: not every kernel can use its key: Linux knows EC on P-521 since 6\.10/],
      ['secp256k1', undefined],
      ['brainpoolP256r1', undefined],
    ] as const) {
      certify(curve);
      for (const kind of ['module', 'ima']) {
        const out = join(folder, kind === 'ima' ? 'curve.ko.sig' : 'curve.ko.signed');
        const signed = ['sign', kind, 'curve.ko', '--signer', 'x', '--dir', 'curves', '--output', out];
        if (warning === undefined) {
          await refused(/x has an ec:\w+ key, and the kernel's .* knows none[\s\S]*RSA, P-256 or P-384/, ...signed);
          continue;
        }
        const asked = kind === 'ima' ? ['curve.ko', '--output', out] : [out];
        for (const words of [signed, ['check', kind, ...asked, '--signer', 'x', '--dir', 'curves']]) {
          const { status, stderr } = await run(...words);
          assert.is(status, 0, stderr);
          assert.match(stderr, warning);
        }
      }
    }
    tool(
      'openssl',
      [
        'cms',
        '-sign',
        '-binary',
        '-nocerts',
        '-noattr',
        '-in',
        'curve.ko',
        '-outform',
        'DER',
        '-signer',
        'curves/x.cert',
        '-inkey',
        'curves/x.key',
        '-out',
        'curve.p7',
      ],
      folder,
    );
    const bytes = moduleOf(readFileSync(join(folder, 'curve.ko')), readFileSync(join(folder, 'curve.p7')));
    writeFileSync(join(folder, 'curve.ko.signed'), bytes);
    const check = ['check', 'module', 'curve.ko.signed', '--signer', 'x', '--dir', 'curves'];
    await refused(/the kernel cannot use the ec:brainpoolP256r1 key of the certificate: it knows RSA/, ...check);
  });

if (!isMissing('evmctl'))
  for (const dir of ['rsa', 'ec', ...(hasToken ? ['token'] : [])])
    test(`files for IMA are signed with ${dir}, and evmctl verifies them`, async () => {
      writeFileSync(join(folder, `${dir}.fw`), 'firmware');
      await succeed('sign', 'ima', `${dir}.fw`, '--dir', dir, '--digest', 'sha256');
      tool('openssl', ['x509', '-in', `${dir}/ssig_subca.cert`, '-outform', 'DER', '-out', `${dir}.der`], folder);
      tool('evmctl', ['ima_verify', '--sigfile', '--key', `${dir}.der`, `${dir}.fw`], folder);
      assert.match(await succeed('check', 'ima', `${dir}.fw`, '--dir', dir), /: OK/);
      await refused(
        /no signature of it by this key/,
        'check',
        'ima',
        `${dir}.fw`,
        '--signer',
        'ssig_cml',
        '--dir',
        dir,
      );
      writeFileSync(join(folder, `${dir}.fw`), 'Firmware');
      await refused(/no signature of it by this key/, 'check', 'ima', `${dir}.fw`, '--dir', dir);
    });

if (!isMissing('evmctl'))
  test('IMA finds the key by the end of its identifier: another is refused, and so is a certificate without one', async () => {
    writeFileSync(join(folder, 'named.fw'), 'firmware');
    const check = ['check', 'ima', 'named.fw', '--dir', 'ec'];
    const signature = join(folder, 'named.fw.sig');
    for (const digest of ['sha1', 'sha224', 'sha256']) {
      const by = ['--keyid-from-cert', 'ec/ssig_subca.cert', '--key', 'ec/ssig_subca.key', 'named.fw'];
      tool('evmctl', ['ima_sign', '-n', '--sigfile', '--hashalgo', digest, ...by], folder);
      await succeed(...check);
    }
    const bytes = readFileSync(signature);
    const own = bytes.toString('hex', 3, 7);
    bytes.writeUInt32BE(0xdeadbeef, 3);
    writeFileSync(signature, bytes);
    await refused(new RegExp(`names the key deadbeef, and the certificate has ${own}: `), ...check);
    mkdirSync(join(folder, 'bare'));
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'bare/x.key'];
    // openssl 3.5 gives one to certificates of which nothing is said.
    const without = ['-addext', 'subjectKeyIdentifier=none', '-config', '/dev/null'];
    const rest = ['-days', '9', '-batch', ...without, '-subj', '/CN=x', '-out', 'bare/x.cert'];
    tool('openssl', ['req', '-x509', ...key, ...rest], folder);
    const sign = ['sign', 'ima', 'named.fw', '--signer', 'x', '--dir', 'bare', '--output', 'bare/fw.sig'];
    await refused(/x\.cert has no subjectKeyIdentifier, by whose end IMA finds the key/, ...sign);
    assert.not(existsSync(join(folder, 'bare/fw.sig')));
  });

if (!isMissing('evmctl') && process.getuid?.() === 0)
  test('whoever may write beside a file signs it for IMA: the attribute itself is for root to set', async () => {
    const own = scratch();
    cpSync(join(folder, 'ec'), join(own, 'ec'), { recursive: true });
    writeFileSync(join(own, 'a.fw'), 'firmware');
    for (const name of ['', ...(readdirSync(own, { recursive: true }) as string[])])
      chownSync(join(own, name), 65534, 65534);
    const words = [MAIN, 'sign', 'ima', 'a.fw', '--dir', 'ec'];
    const options = { cwd: own, env: cleanEnvironment({ TMPDIR: own }), uid: 65534, gid: 65534 };
    const { status, stderr } = await start(process.execPath, words, options).ended;
    assert.is(status, 0, stderr);
    assert.match(await succeed('check', 'ima', join(own, 'a.fw'), '--dir', 'ec'), /: OK/);
  });

test('a relative TMPDIR holds where the program was started, whatever folder its commands run in', async () => {
  const own = join(folder, 'relative');
  mkdirSync(join(own, 'tmp'), { recursive: true });
  writeFileSync(join(own, 'a.conf'), 'x');
  const inOwn = programIn(own, { TMPDIR: 'tmp' });
  const dir = ['--dir', '../ec'];
  for (const words of [
    ['sign', 'config', 'a.conf', '--cms', ...dir],
    ['check', 'config', 'a.conf', '--cms', ...dir],
    ['ocsp', 'backend', ...dir],
    ['verify', '../ec'],
    ['generate', '--rehearse', '--dir', 'new', '--key-type', 'ec:prime256v1', '--quiet'],
  ])
    await inOwn.succeed(...words);
  assert.equal(readdirSync(join(own, 'tmp')), []);
  const lost = programIn(own, { TMPDIR: 'gone' });
  await lost.refused(
    /cannot make a folder in "\S+relative\/gone", where temporary files go: it is not there \(ENOENT\)\n.*hint: export TMPDIR /,
    ...['sign', 'config', 'a.conf', '--cms', ...dir],
  );
});

test('two results of one name are refused, and what was signed before another failed is told', async () => {
  mkdirSync(join(folder, 'many'));
  for (const name of ['a.conf', 'a.config', 'b.conf', 'c.conf', 'd.sig'])
    writeFileSync(join(folder, 'many', name), name);
  const named = (...names: string[]) => names.map(name => `many/${name}`);
  const sign = ['sign', 'config', '--dir', 'ec'];
  await refused(/"\S+many\/a\.sig" would be written for "\S+a\.config"/, ...sign, ...named('a.conf', 'a.config'));
  await refused(/"\S+many\/a\.sig" would be written/, ...sign, ...named('a.conf', 'a.conf'));
  await refused(/"\S+many\/d\.sig" would be replaced by its own/, ...sign, ...named('d.sig'));
  assert.not(existsSync(join(folder, 'many/a.sig')));
  writeFileSync(join(folder, 'many/c.key'), 'another key');
  const { status, stdout, stderr } = await run(...sign, ...named('a.conf', 'b.conf', 'c.conf'));
  assert.is(status, 1);
  assert.equal(
    stdout.trim().split('\n'),
    ['a.sig', 'a.cert', 'b.sig', 'b.cert'].map(name => join(folder, 'many', name)),
  );
  assert.match(stderr, /would stand beside[\s\S]*hint: .*; 2 of 3 files were signed before, and stay/);
  if (!hasEfi) return;
  for (const name of ['one.efi', 'two.efi']) copyFileSync(EFI, join(folder, 'many', name));
  await refused(/one\.efi\.signed" would be written/, 'sign', 'efi', ...named('one.efi', 'one.efi'), '--dir', 'rsa');
  mkdirSync(join(folder, 'many/two.efi.signed'));
  const failed = await run('sign', 'efi', ...named('one.efi', 'two.efi'), '--dir', 'rsa');
  assert.is(failed.status, 2);
  assert.is(failed.stdout, `${join(folder, 'many/one.efi.signed')}\n`);
  assert.not.match(failed.stderr, /nothing was published/);
});

test('sign_config.sh: its options and its three words, with keys in files and in tokens', async () => {
  const door = join(ROOT, 'scripts/sign_config.sh');
  const call = (words: readonly string[], extra: NodeJS.ProcessEnv = {}) =>
    start('bash', [door, ...words], { cwd: folder, env: cleanEnvironment({ ...reach, ...extra }) }).ended;
  const keys = ['ec', 'rsa', ...(hasToken ? ['token'] : [])].map(dir => [dir, `${dir}/ssig_cml.key`] as const);
  const uri = 'pkcs11:object=ssig_cml;token=sign';
  for (const [dir, key] of [...keys, ...(hasToken ? [['token', uri] as const] : [])]) {
    writeFileSync(join(folder, 'os.conf'), key);
    const files = ['-c', 'os.conf', '-k', key, '--cert', `${dir}/ssig_cml.cert`];
    for (const more of [[], ['--cms']]) {
      const { status, stderr } = await call([...files, ...more]);
      assert.is(status, 0, stderr);
      await succeed('check', 'config', 'os.conf', ...more, '--dir', dir);
    }
  }
  const words = await call(['os.conf', 'rsa/ssig_cml.key', 'rsa/ssig_cml.cert']);
  assert.is(words.status, 0, words.stderr);
  await succeed('check', 'config', 'os.conf', '--dir', 'rsa');
  tool(
    'openssl',
    ['pkey', '-in', 'ec/ssig_cml.key', '-aes256', '-passout', 'pass:geheim', '-out', 'secret.key'],
    folder,
  );
  const secret = ['-c', 'os.conf', '-k', 'secret.key', '--cert', 'ec/ssig_cml.cert'];
  for (const name of ['WORD', 'env:WORD']) {
    const { status, stderr } = await call([...secret, '-p', name], { WORD: 'geheim' });
    assert.is(status, 0, stderr);
  }
  // What stands around a key says nothing of it.
  const key = readFileSync(join(folder, 'ec/ssig_cml.key'), 'utf8');
  writeFileSync(join(folder, 'noted.key'), `ENCRYPTED copies are kept\n${key}`, { mode: 0o600 });
  const noted = await call(['-c', 'os.conf', '-k', 'noted.key', '--cert', 'ec/ssig_cml.cert']);
  assert.is(noted.status, 0, noted.stderr);
  const wrong: readonly (readonly [RegExp, readonly string[]])[] = [
    [/"secret\.key" is encrypted/, secret],
    [/-p takes the name of an environment variable/, [...secret, '-p', 'geheim']],
    [/--cert is missing/, ['-c', 'os.conf', '-k', 'secret.key']],
    [
      /a PIN does not belong in a URI/,
      ['-c', 'os.conf', '-k', `${uri}?pin-value=271828`, '--cert', 'ec/ssig_cml.cert'],
    ],
    [/names no key of a token/, ['-c', 'os.conf', '-k', 'pkcs11:token=sign', '--cert', 'ec/ssig_cml.cert']],
    [/holds no private key/, ['-c', 'os.conf', '-k', 'os.conf', '--cert', 'ec/ssig_cml.cert']],
    [/holds no certificate/, ['-c', 'os.conf', '-k', 'secret.key', '--cert', 'os.conf', '-p', 'WORD']],
    [/thrown away/, ['-c', 'os.conf', '-k', 'rsa/ssig_cml.key', '--cert', 'ec/ssig_cml.cert']],
  ];
  const before = readFileSync(join(folder, 'os.sig'));
  for (const [pattern, given] of wrong) {
    const { status, stderr } = await call(given, { WORD: 'geheim' });
    assert.ok(status === 1 || status === 2, stderr);
    assert.match(stderr, pattern);
    assert.not.match(stderr, /geheim|271828/);
  }
  assert.equal(readFileSync(join(folder, 'os.sig')), before);
});

test('what is missing for modules and IMA, or does not fit, is said', async () => {
  const env = cleanEnvironment({ TRUSTME_PKI_SIGN_FILE: '/nowhere/sign-file' });
  copyFileSync('/bin/true', join(folder, 'plain.ko'));
  const words = [MAIN, 'sign', 'module', 'plain.ko', '--dir', 'rsa'];
  const { status, stderr } = await start(process.execPath, words, { cwd: folder, env }).ended;
  assert.is(status, 1);
  assert.match(stderr, /"\/nowhere\/sign-file" is not there[\s\S]*linux-headers/);
  assert.not(existsSync(join(folder, 'plain.ko.signed')));
  if (hasSignFile) {
    writeFileSync(join(folder, 'plain.ko.gz'), gzipSync('packed'));
    const packed = /no kernel module[\s\S]*before they are compressed: gzip -dk \S*plain\.ko\.gz$/m;
    await refused(packed, 'sign', 'module', 'plain.ko.gz', '--dir', 'rsa');
    await refused(/RSA-PSS key/, 'sign', 'module', 'plain.ko', '--signer', 'ssig_cml', '--dir', 'rsa');
  }
  await refused(/--cms is for configurations/, 'sign', 'module', 'plain.ko', '--cms', '--dir', 'rsa');
  await refused(/--in-place is for efi and module/, 'sign', 'ima', 'plain.ko', '--in-place', '--dir', 'rsa');
  await refused(/unknown --digest "md5"/, 'sign', 'ima', 'plain.ko', '--digest', 'md5', '--dir', 'rsa');
});

if (hasToken)
  test('a wrong PIN leaves no signature', async () => {
    const env = cleanEnvironment({ ...reach, TRUSTME_PKCS11_PIN: '999999' });
    writeFileSync(join(folder, 'pin.conf'), 'x');
    const words = [MAIN, 'sign', 'config', 'pin.conf', '--dir', 'token'];
    const { status, stderr } = await start(process.execPath, words, { cwd: folder, env }).ended;
    assert.is(status, 1);
    assert.match(stderr, /the PIN is wrong/);
    assert.not(existsSync(join(folder, 'pin.sig')) || existsSync(join(folder, 'pin.cert')));
  });

test('a certificate that no earlier run made is not replaced', async () => {
  writeFileSync(join(folder, 'app.conf'), 'settings\n');
  copyFileSync(join(folder, 'ec/backend.cert'), join(folder, 'app.cert'));
  const sign = ['sign', 'config', 'app.conf', '--dir', 'ec'];
  const result = (name: string) => readFileSync(join(folder, name), 'utf8');
  await refused(/"\S*app\.cert" is there without "\S*app\.sig"[\s\S]*hint: keep configurations/, ...sign);
  assert.is(result('app.cert'), result('ec/backend.cert'));
  assert.not(existsSync(join(folder, 'app.sig')));
  rmSync(join(folder, 'app.cert'));
  await succeed(...sign);
  const own = result('app.cert');
  // A run that was stopped between the two, and one with another signer.
  rmSync(join(folder, 'app.sig'));
  await succeed(...sign);
  await succeed(...sign, '--signer', 'ssig');
  assert.is.not(result('app.cert'), own);
});

test('what is signed never takes the place of a key, of a file of the PKI, or of itself', async () => {
  const before = readFileSync(join(folder, 'ec/backend.key'), 'utf8');
  writeFileSync(join(folder, 'own.sig'), 'settings\n');
  await refused(/own\.sig" would be replaced by its own signature/, 'sign', 'config', 'own.sig', '--dir', 'ec');
  assert.is(readFileSync(join(folder, 'own.sig'), 'utf8'), 'settings\n');
  // Its key is elsewhere.
  copyFileSync(join(folder, 'ec/backend.cert'), join(folder, 'ec/other.cert'));
  await refused(
    /ec\/other\.cert" is a file of a PKI/,
    'sign',
    'config',
    'own.sig',
    '--output',
    'ec/other',
    '--dir',
    'ec',
  );
  await refused(
    /folder of --output ".*nowhere\/x\.sig" is not there/,
    'sign',
    'config',
    'own.sig',
    '--output',
    'nowhere/x',
    '--dir',
    'ec',
  );
  if (hasEfi) {
    const words = ['sign', 'efi', EFI, '--dir', 'rsa', '--output'];
    await refused(/rsa\/PK\.key" holds a private key: it is not replaced/, ...words, 'rsa/PK.key');
    await refused(/rsa\/DB\.auth" is a file of a PKI directory/, ...words, 'rsa/DB.auth');
  }
  assert.is(readFileSync(join(folder, 'ec/backend.key'), 'utf8'), before);
});

test.run();
