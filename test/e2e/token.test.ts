// Keys in PKCS #11 tokens: every verb with them, what is never written or told, and what goes wrong. With SoftHSM2.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, isMissing, leftovers, MAIN, ROOT, scratch, start, tool } from '../helpers/door.ts';
import { runProgram } from '../helpers/program.ts';
import { keySection, labels, makeToken, PIN, pkcs11, ROAD, STORE, signPlainly, softhsm } from '../helpers/token.ts';

const test = suite('keys in tokens');
const folder = scratch();
const isThere = !isMissing('softhsm2-util') && !isMissing('pkcs11-tool');
const reach = isThere ? softhsm(folder) : {};

const run = (words: readonly string[], extra: NodeJS.ProcessEnv = { TRUSTME_PKCS11_PIN: PIN }) =>
  runProgram(words, folder, cleanEnvironment({ ...reach, ...extra }));
const succeed = async (...words: string[]): Promise<string> => {
  const { status, stdout, stderr } = await run(words);
  assert.is(status, 0, stderr);
  return stdout;
};
const refused = async (words: readonly string[], pattern: RegExp, extra?: NodeJS.ProcessEnv) => {
  const { status, stderr } = await run(words, extra);
  assert.is(status, 1, stderr);
  assert.match(stderr, pattern);
  assert.not.match(stderr, new RegExp(PIN));
  return stderr;
};
const sound = async (name: string, ...words: string[]) => {
  const { status, stdout } = await run(['verify', name, ...words], {});
  assert.is(status, 0, stdout);
};

/** A configuration folder whose entities have keys in a token. */
function configure(name: string, token: string, isInToken: (stem: string) => boolean): string {
  for (const group of ['software-signing', 'customer', 'secure-boot'])
    for (const file of readdirSync(join(ROOT, 'openssl-conf', group))) {
      const stem = file.replace('.ini', '');
      if (!isInToken(stem)) continue;
      mkdirSync(join(folder, name, group), { recursive: true });
      writeFileSync(join(folder, name, group, file), keySection(token, stem));
    }
  return name;
}

const ROOTS = ['gen_rootca', 'ssig_rootca'];
const EC = ['--key-type', 'ec:prime256v1'];

test.before(async () => {
  if (!isThere) return;
  for (const label of ['roots', 'all', 'rsa', 'dup']) makeToken(label, reach);
  // A token that works at all, by a plain openssl signature: else it is not ours to test.
  pkcs11('dup', reach, '--keypairgen', '--key-type', 'EC:prime256v1', '--label', 'plain', '--id', '01', '--usage-sign');
  signPlainly(folder, 'dup', 'plain', reach);
  configure('conf-roots', 'roots', stem => ROOTS.includes(stem));
  configure('conf-all', 'all', () => true);
});

if (isThere) {
  test('both roots in a token, the rest in files', async () => {
    const words = ['generate', '--dir', 'roots', '--conf', 'conf-roots', ...EC];
    await refused(words, /the token "roots" has no private key "gen_rootca"[\s\S]*--generate-token-keys/);
    assert.not(existsSync(join(folder, 'roots')));
    await succeed(...words, '--generate-token-keys');
    assert.equal(labels('roots', reach), ROOTS);
    const text = readFileSync(join(folder, 'roots/gen_rootca.key'), 'utf8');
    assert.match(text, /^uri = pkcs11:token=roots;object=gen_rootca;type=private$/m);
    assert.not.match(text, /PRIVATE KEY/);
    assert.is(statSync(join(folder, 'roots/gen_rootca.key')).mode & 0o777, 0o600);
    assert.match(readFileSync(join(folder, 'roots/backend.key'), 'utf8'), /PRIVATE KEY/);
    await sound('roots');
    assert.ok(existsSync(join(folder, 'roots/certs/signing_key.pem')));
  });

  test('a key that is there is used, and the second phase too works with it', async () => {
    const words = ['generate', '--dir', 'again', '--conf', 'conf-roots', ...EC, '--quiet'];
    await succeed(...words, '--generate-token-keys');
    assert.equal(labels('roots', reach), ROOTS);
    const publicKey = (name: string) =>
      tool('openssl', ['x509', '-in', 'gen_rootca.cert', '-noout', '-pubkey'], join(folder, name));
    assert.is(publicKey('again'), publicKey('roots'));
    await succeed(...words, '--platform-keys');
    assert.ok(existsSync(join(folder, 'again/DB.auth')));
    await sound('again');
  });

  test('everything in a token: no file holds a private key, and no export needs one', async () => {
    const words = ['--dir', 'all', '--conf', 'conf-all', ...EC, '--generate-token-keys', '--platform-keys'];
    assert.match(
      await succeed('generate', ...words),
      /signing_key\.pem was left out, since its key is in a token: .*object=ssig_subca/,
    );
    assert.is(labels('all', reach).length, 15);
    const files = (readdirSync(join(folder, 'all'), { recursive: true }) as string[]).filter(file =>
      statSync(join(folder, 'all', file)).isFile(),
    );
    for (const file of files) {
      const text = readFileSync(join(folder, 'all', file), 'latin1');
      assert.not.match(text, /PRIVATE KEY/, file);
      assert.not.match(text, new RegExp(PIN), file);
    }
    assert.equal(readdirSync(join(folder, 'all/certs')), ['signing_key.x509']);
    await sound('all', '--conf', 'conf-all');
    // A second call finds all there, and asks for no PIN.
    const { status, stderr } = await run(['generate', ...words], {});
    assert.is(status, 0, stderr);
    assert.equal(readdirSync(join(folder, 'all/certs')), ['signing_key.x509']);
  });

  test('RSA keys in a token are plain, and sign RSA-PSS where the scheme says so', async () => {
    configure('conf-rsa', 'rsa', stem => ['ssig_rootca', 'ssig_subca_cml', 'ssig_cml'].includes(stem));
    const ini = join(folder, 'conf-rsa/software-signing/ssig_subca_cml.ini');
    writeFileSync(ini, `scheme = rsa-pss\n${readFileSync(ini, 'utf8')}`);
    await succeed('generate', '--dir', 'rsa', '--conf', 'conf-rsa', '--key-type', 'rsa:2048', '--generate-token-keys');
    const text = (file: string) => tool('openssl', ['x509', '-in', file, '-noout', '-text'], join(folder, 'rsa'));
    assert.match(text('ssig_subca_cml.cert'), /Public Key Algorithm: rsaEncryption/);
    assert.match(text('ssig_cml.cert'), /Signature Algorithm: rsassaPss/);
    await succeed('crl', 'ssig_subca_cml', '--dir', 'rsa');
    const crl = tool('openssl', ['crl', '-in', 'ssig_subca_cml.crl', '-noout', '-text'], join(folder, 'rsa'));
    assert.match(crl, /Signature Algorithm: rsassaPss/);
    await sound('rsa', '--conf', 'conf-rsa');
  });

  test('issue, sign-csr, revoke, crl and ocsp', async () => {
    const dir = ['--dir', 'all'];
    await succeed('issue', 'guestos_subca', 'debos', ...dir);
    mkdirSync(join(folder, 'requests'));
    for (let i = 0; i < 20; i++)
      tool('openssl', [
        ...['req', '-new', '-newkey', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-config', '/dev/null'],
        ...['-subj', `/CN=device-${i}`, '-keyout', '/dev/null', '-out', join(folder, `requests/${i}.csr`)],
      ]);
    assert.match(
      await succeed('sign-csr', 'device_subca', 'requests', ...dir),
      /20 signed, 0 already signed, 0 refused/,
    );
    assert.match(await succeed('revoke', 'requests/3.cert', ...dir), /revoked/);
    await succeed('crl', ...dir);
    const crl = tool(
      'openssl',
      ['crl', '-in', 'device_subca.crl', '-CAfile', 'device_subca.cert', '-noout'],
      join(folder, 'all'),
    );
    assert.is(crl, '');
    await succeed('issue', 'device_subca', 'responder', '--profile', 'ocsp', ...dir);
    const { status, stdout } = await run(['ocsp', 'requests/3.cert', ...dir]);
    assert.is(status, 1);
    assert.match(stdout, /revoked/);
    // ocsp_server's key is in the token, too.
    assert.match(await succeed('ocsp', 'backend', ...dir), /good/);
    await sound('all', '--conf', 'conf-all');
  });

  test('renew keeps the key, rekey wants a new object; PK, KEK and db by the token', async () => {
    const dir = ['--dir', 'all', '--conf', 'conf-all'];
    await succeed('renew', 'backend_subca', '--cascade', ...dir);
    await succeed('renew', 'DB', 'KEK', ...dir);
    await sound('all', '--conf', 'conf-all');
    await refused(
      ['rekey', 'backend', ...dir],
      /the new key of backend would be the old one[\s\S]*name another object/,
    );
    cpSync(join(folder, 'conf-all'), join(folder, 'conf-next'), { recursive: true });
    const next = ['--dir', 'all', '--conf', 'conf-next'];
    for (const [group, stem] of [
      ['customer', 'backend'],
      ['secure-boot', 'DB'],
    ] as const)
      writeFileSync(join(folder, 'conf-next', group, `${stem}.ini`), keySection('all', `${stem}-2`));
    await refused(['rekey', 'backend', ...next], /has no private key "backend-2"/);
    await succeed('rekey', 'backend', 'DB', '--generate-token-keys', ...next);
    assert.match(readFileSync(join(folder, 'all/DB.key'), 'utf8'), /object=DB-2;/);
    assert.ok(labels('all', reach).includes('backend'));
    await sound('all', '--conf', 'conf-next');
  });

  test('uefi with keys in a token: the updates have the structure of those by keys in files', async () => {
    await succeed('generate', '--dir', 'plain', ...EC, '--platform-keys', '--quiet');
    cpSync(join(folder, 'all'), join(folder, 'all-uefi'), { recursive: true });
    for (const dir of ['plain', 'all-uefi']) {
      await succeed('uefi', 'add', 'db', 'ab'.repeat(32), '--dir', dir, '--quiet');
      await succeed('uefi', 'add', 'dbx', 'cd'.repeat(32), '--dir', dir, '--quiet');
      await succeed('uefi', 'remove', 'PK', '--dir', dir, '--quiet');
      await sound(dir, ...(dir === 'plain' ? [] : ['--conf', 'conf-all']));
    }
    const outline = (file: string) => {
      const bytes = readFileSync(join(folder, file));
      const end = 16 + bytes.readUInt32LE(16);
      writeFileSync(join(folder, 'signed-data'), bytes.subarray(40, end));
      // Depth and tag of each element; what stands in a certificate or signature is another's.
      const parsed = tool('openssl', ['asn1parse', '-inform', 'DER', '-in', 'signed-data'], folder);
      const elements = parsed
        .split('\n')
        .map(line => / d=(\d+) .*?(cons|prim): (\S+ ?\S*)/.exec(line)?.slice(1).join(' '));
      return { head: bytes.subarray(20, 40).toString('hex'), elements };
    };
    const updates = readdirSync(join(folder, 'plain')).filter(name => name.endsWith('.auth'));
    assert.equal(updates.sort(), [
      ...['DB.append.auth', 'DB.auth', 'DBX.append.auth', 'DBX.auth', 'KEK.auth', 'PK.auth', 'noPK.auth'],
    ]);
    for (const name of updates) assert.equal(outline(`all-uefi/${name}`), outline(`plain/${name}`), name);
  });

  test('a key that moves into a token takes its exports along', async () => {
    await succeed('generate', '--dir', 'moving', ...EC, '--quiet');
    makeToken('moved', reach);
    configure('conf-moved', 'moved', stem => stem === 'ssig_subca');
    const words = ['ssig_subca', '--cascade', '--generate-token-keys', '--conf', 'conf-moved', '--dir', 'moving'];
    await succeed('rekey', ...words, '--quiet');
    await sound('moving', '--conf', 'conf-moved');
    assert.equal(readdirSync(join(folder, 'moving/certs')), ['signing_key.x509']);
    assert.match(readFileSync(join(folder, 'moving/ssig_subca.key'), 'utf8'), /object=ssig_subca;/);
  });

  test('a new key is never made as a file because nobody said where: refused, unless the configuration says so', async () => {
    const dir = ['--dir', 'unsaid'];
    cpSync(join(folder, 'all'), join(folder, 'unsaid'), { recursive: true });
    const before = ['KEK.key', 'backend.key'].map(file => readFileSync(join(folder, 'unsaid', file), 'utf8'));
    const unsaid = /the old key of \S+ is in the token "all"[\s\S]*--conf FOLDER/;
    await refused(['rekey', 'backend', ...dir], unsaid);
    await refused(['rekey', 'ssig_subca', '--cascade', ...dir], unsaid);
    for (const name of ['KEK', 'db', 'PK']) await refused(['uefi', 'rotate', name, ...dir], unsaid);
    await refused(['uefi', 'rotate', 'KEK', ...dir], unsaid, {});
    assert.equal(
      ['KEK.key', 'backend.key'].map(file => readFileSync(join(folder, 'unsaid', file), 'utf8')),
      before,
    );
    assert.not(existsSync(join(folder, 'unsaid/certs/signing_key.pem')));
    mkdirSync(join(folder, 'conf-file/customer'), { recursive: true });
    mkdirSync(join(folder, 'conf-file/secure-boot'), { recursive: true });
    for (const file of ['customer/backend.ini', 'secure-boot/KEK.ini'])
      writeFileSync(join(folder, 'conf-file', file), '[key]\nstorage = file\n');
    await succeed('rekey', 'backend', 'KEK', '--conf', 'conf-file', ...dir);
    for (const file of ['backend.key', 'KEK.key'])
      assert.match(readFileSync(join(folder, 'unsaid', file), 'utf8'), /^-----BEGIN PRIVATE KEY-----/);
    await sound('unsaid');
  });

  test('a wrong PIN: one attempt, one error, and nothing is left', async () => {
    const wrong = { TRUSTME_PKCS11_PIN: '999999' };
    const words = ['generate', '--dir', 'wrong', '--conf', 'conf-all', ...EC];
    const message = await refused(words, /the PIN is wrong/, wrong);
    assert.not.match(message, /999999/);
    await refused(['crl', '--dir', 'all'], /the PIN is wrong/, wrong);
    await refused(
      ['renew', 'backend_subca', '--cascade', '--dir', 'all', '--conf', 'conf-next'],
      /the PIN is wrong/,
      wrong,
    );
    assert.not(existsSync(join(folder, 'wrong')));
    assert.equal(leftovers(folder), []);
    await sound('all', '--conf', 'conf-next');
  });

  test('what is missing is said before anything is made', async () => {
    const words = ['generate', '--dir', 'none', '--conf', 'conf-roots', ...EC];
    await refused(words, /is in the token "roots", and TRUSTME_PKCS11_PIN does not say its PIN/, {});
    await refused(words, /the PKCS #11 module "\/none.so" is not there/, {
      TRUSTME_PKCS11_PIN: PIN,
      TRUSTME_PKCS11_MODULE: '/none.so',
    });
    configure('conf-none', 'nowhere', stem => stem === 'gen_rootca');
    await refused(['generate', '--dir', 'none', '--conf', 'conf-none', ...EC], /no token "nowhere" is there/);
    // efitools know no provider.
    const noEngine = { TRUSTME_PKCS11_PIN: PIN, OPENSSL_ENGINES: folder, TRUSTME_PKCS11_ROAD: ROAD };
    const withUefi = ['generate', '--dir', 'none', '--conf', 'conf-all', ...EC, '--platform-keys'];
    await refused(withUefi, /sign-efi-sig-list reaches keys in tokens by the pkcs11 engine alone/, noEngine);
    await refused(['crl', 'device_subca', '--dir', 'all'], /TRUSTME_PKCS11_PIN is not set/, {});
    assert.not(existsSync(join(folder, 'device_subca.crl')));
    assert.not(existsSync(join(folder, 'none')));
    assert.not(existsSync('/none.so'));
  });

  test('two keys of one name, and a key of another type, are refused', async () => {
    for (const type of ['EC:prime256v1', 'EC:prime256v1'])
      pkcs11('dup', reach, '--keypairgen', '--key-type', type, '--label', 'gen_rootca', '--usage-sign');
    configure('conf-dup', 'dup', stem => stem === 'gen_rootca');
    const words = ['generate', '--dir', 'dup', '--conf', 'conf-dup'];
    await refused([...words, ...EC], /has 2 private keys "gen_rootca"/);
    writeFileSync(join(folder, 'conf-dup/customer/gen_rootca.ini'), keySection('dup', 'plain'));
    await refused(
      [...words, '--key-type', 'ec:secp384r1'],
      /is ec:prime256v1, and gen_rootca.key is to be ec:secp384r1/,
    );
    mkdirSync(join(folder, 'conf-dup/software-signing'));
    writeFileSync(
      join(folder, 'conf-dup/software-signing/ssig_rootca.ini'),
      keySection('dup', '').replace('object = ', 'id = 01'),
    );
    await refused(
      [...words, ...EC],
      /which (\S+)\.key names, is the one that (?!\1)(\S+)\.key names\n.*key-of = \2 instead/,
    );
    assert.not(existsSync(join(folder, 'dup')));
  });

  test('a token that is gone leaves the directory as it was', async () => {
    cpSync(join(folder, 'again'), join(folder, 'unplugged'), { recursive: true });
    const before = readFileSync(join(folder, 'unplugged/.pki/gen_rootca/index.txt'), 'utf8');
    const away = { SOFTHSM2_CONF: '/dev/null', TRUSTME_PKCS11_PIN: PIN };
    await refused(
      ['renew', 'device_subca', '--dir', 'unplugged', '--conf', 'conf-roots'],
      /module cannot be loaded|token is not there|no token/,
      away,
    );
    assert.is(readFileSync(join(folder, 'unplugged/.pki/gen_rootca/index.txt'), 'utf8'), before);
    await sound('unplugged');
  });

  test('a token that is unplugged in the middle leaves nothing half done, and the next run goes on', async () => {
    const tokens = join(folder, 'tokens');
    for (const copy of ['pulled', 'timed']) cpSync(join(folder, 'again'), join(folder, copy), { recursive: true });
    const before = readFileSync(join(folder, 'pulled/.pki/gen_rootca/index.txt'), 'utf8');
    const all = ['renew', 'gen_rootca', 'ssig_rootca', '--cascade', '--conf', 'conf-roots', '--dir'];
    const words = [...all, 'pulled'];
    const begin = performance.now();
    await succeed(...all, 'timed');
    const whole = performance.now() - begin;
    let endings = 0;
    for (const part of [0.3, 0.5, 0.7]) {
      const running = run(words);
      await new Promise(done => setTimeout(done, part * whole));
      renameSync(tokens, `${tokens}-away`);
      const { status } = await running;
      renameSync(`${tokens}-away`, tokens);
      if (status === 0) break;
      endings++;
      assert.is(readFileSync(join(folder, 'pulled/.pki/gen_rootca/index.txt'), 'utf8'), before);
      assert.equal(leftovers(folder), []);
      await sound('pulled', '--conf', 'conf-roots');
    }
    assert.ok(endings > 0);
    await succeed(...words);
    await sound('pulled', '--conf', 'conf-roots');
  });

  test('four processes at once on one token', async () => {
    const names = ['backend_subca', 'device_subca', 'user_subca', 'guestos_subca'];
    const all = names.map(name => run(['crl', name, '--dir', 'all', '--output-dir', '.']));
    for (const { status, stderr } of await Promise.all(all)) assert.is(status, 0, stderr);
  });

  test('no PIN is in any argument of any process', async () => {
    if (isMissing('strace')) return;
    const words = [
      '-f',
      '-qq',
      '-s',
      '4096',
      '-v',
      '-e',
      'trace=execve',
      '-o',
      join(folder, 'trace'),
      process.execPath,
      MAIN,
    ];
    const generate = ['generate', '--dir', 'traced', '--conf', 'conf-roots', ...EC, '--platform-keys', '--quiet'];
    const env = cleanEnvironment({ ...reach, TRUSTME_PKCS11_PIN: PIN });
    const { status, stderr } = await start('strace', [...words, ...generate], { cwd: folder, env }).ended;
    assert.is(status, 0, stderr);
    const calls = readFileSync(join(folder, 'trace'), 'utf8')
      .split('\n')
      .filter(line => line.includes('execve('));
    assert.ok(calls.some(line => line.includes(`"${STORE}pkcs11:token=`)));
    for (const line of calls) {
      const [, args = ''] = /execve\("[^"]*", (\[.*?\]), \[/.exec(line) ?? [];
      assert.not.match(args, new RegExp(PIN));
      // Processes without a key in the token do not get the PIN either.
      if (args !== '' && !/pkcs11/.test(args) && !args.includes(MAIN))
        assert.not.match(line, new RegExp(PIN), line.slice(0, 300));
    }
  });

  test('the plan names the key and the variable, not the PIN', async () => {
    const plan = await succeed('plan', '--conf', 'conf-roots', ...EC);
    assert.ok(plan.includes(`-CAkey '${STORE}pkcs11:token=roots;object=gen_rootca;type=private'`));
    assert.match(plan, /TRUSTME_PKCS11_PIN:\?/);
    assert.not.match(plan, new RegExp(PIN));
  });

  test('the plan is a script that makes keys in the token and all that they sign', async () => {
    makeToken('script', reach);
    configure('conf-script', 'script', stem => [...ROOTS, 'KEK'].includes(stem));
    const words = ['--conf', 'conf-script', ...EC, '--platform-keys', '--generate-token-keys'];
    writeFileSync(join(folder, 'plan.sh'), await succeed('plan', ...words));
    mkdirSync(join(folder, 'by-script'));
    const environment = { ...reach, TRUSTME_PKCS11_PIN: PIN, GYROIDOS_TEST_PASSWD_PKI: 'test1234' };
    tool('sh', ['../plan.sh'], join(folder, 'by-script'), environment);
    assert.equal(labels('script', reach), ['KEK', 'gen_rootca', 'ssig_rootca']);
    await sound('by-script', '--conf', 'conf-script');
    // What is there is used again.
    mkdirSync(join(folder, 'script-again'));
    tool('sh', ['../plan.sh'], join(folder, 'script-again'), environment);
    assert.equal(labels('script', reach).length, 3);
  });

  test('export pkcs12 says that a key cannot leave its token', async () => {
    await refused(
      ['export', 'pkcs12', 'gen_rootca', '--output', 'x.p12', '--password-env', 'TRUSTME_PKCS11_PIN', '--dir', 'roots'],
      /it never leaves that/,
    );
  });
}

test.run();
