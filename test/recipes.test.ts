// Every recipe of docs/recipes is made as docs/customizing.md says, and the real openssl confirms what it promises.
import { cpSync, type Dirent, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, type Ended, isMissing, ROOT, STEMS, scratch, start, tool } from './helpers/door.ts';
import { writeProgram } from './helpers/program-file.ts';

const suite = makeSuite('recipes');

const RECIPES = join(ROOT, 'docs/recipes');
const folder = scratch();
const PASSPHRASE = { GYROIDOS_TEST_PASSWD_PKI: 'correct horse' };

/** `trustme-pki` on PATH. */
const bin = writeProgram(folder);
const environment = cleanEnvironment({ ...PASSPHRASE, PATH: `${bin}:${process.env.PATH}` });
const run = (file: string, args: readonly string[], extra: NodeJS.ProcessEnv = {}, cwd = folder): Promise<Ended> =>
  start(file, args, { cwd, env: { ...environment, ...extra } }).ended;

const hasEfitools = !isMissing('cert-to-efi-sig-list');
const PLATFORM = hasEfitools ? ['--platform-keys'] : [];
const EC = ['--key-type', 'ec:prime256v1'];

/** What is added to the command of customizing.md: where a recipe leaves the key type open, a fast one. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  'own-organisation': [...PLATFORM, '--key-type', 'rsa:2048'],
  'ec-p384': [],
  'rsa-roots-ec-leaves': PLATFORM,
  ed25519: PLATFORM,
  'short-lived': EC,
  'guestos-ca-per-customer': EC,
  'name-constraints': EC,
  'own-template': EC,
  'two-backends': EC,
};

interface Made {
  readonly path: string;
  readonly warnings: string;
  /** What `trustme-pki verify` says. */
  readonly verdict: Ended;
}

/** The certificates of `short-lived` are valid for ten days; what a template adds, the ini files do not say. */
const verify = (path: string, conf: string): Promise<Ended> => {
  const words = conf.endsWith('own-template') ? [] : ['--conf', conf];
  return run('trustme-pki', ['verify', path, ...words, '--expires-within', '3'], {}, ROOT);
};

async function generate(name: string): Promise<Made> {
  const path = join(folder, name);
  const conf = join('docs/recipes', name);
  const { status, stderr } = await run(
    'trustme-pki',
    ['generate', '--dir', path, '--conf', conf, ...WORDS[name]!],
    {},
    ROOT,
  );
  assert.is(status, 0, stderr);
  return { path, warnings: stderr.match(/warning: .*/g)?.join('\n') ?? '', verdict: await verify(path, conf) };
}

/** The commands of the recipe, word for word, in a copy of it: it is made on two machines. */
async function makeOffline(): Promise<Made> {
  const path = join(folder, 'offline-root');
  cpSync(join(RECIPES, 'offline-root'), path, { recursive: true });
  for (const script of readdirSync(path).filter(name => name.endsWith('.sh'))) {
    const { status, stderr } = await run('sh', ['-e', script], { BITS: '2048' }, path);
    assert.is(status, 0, `${script}: ${stderr}`);
  }
  return { path: join(path, 'pki'), warnings: '', verdict: await verify(join(path, 'pki'), join(path, 'online')) };
}

/** All recipes, as many side by side as there are processors; a failure belongs to the test that asks for it. */
const waiting = [...Object.keys(WORDS), 'offline-root'];
const made = new Map<string, PromiseSettledResult<Made>>();
const work = async (): Promise<void> => {
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop())
    made.set(name, (await Promise.allSettled([name === 'offline-root' ? makeOffline() : generate(name)]))[0]!);
};
suite.before(async () => {
  await Promise.all(Array.from({ length: availableParallelism() }, work));
});

function directoryOf(name: string): Made {
  const result = made.get(name)!;
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

const recipe = (name: string, promise: string, check: (pki: Made, openssl: OpenSsl) => void | Promise<void>): void => {
  suite(`${name}: ${promise}`, async () => {
    const pki = directoryOf(name);
    await check(pki, (...args) => tool('openssl', args, pki.path, PASSPHRASE));
  });
};
type OpenSsl = (...args: string[]) => string;

const text = (openssl: OpenSsl, file: string): string => openssl('x509', '-in', file, '-noout', '-text');
/** First certificates of files, in one. */
function bundle(openssl: OpenSsl, files: readonly string[], name: string): string {
  const path = join(folder, name);
  writeFileSync(path, files.map(file => openssl('x509', '-in', file)).join(''));
  return path;
}
const days = (openssl: OpenSsl, file: string): number => {
  const [from, to] = ['-startdate', '-enddate'].map(option =>
    Date.parse(openssl('x509', '-in', file, '-noout', option, '-dateopt', 'iso_8601').split('=')[1]!.trim()),
  ) as [number, number];
  return (to - from) / 86_400_000;
};

for (const name of [...Object.keys(WORDS), 'offline-root']) {
  recipe(name, 'openssl accepts every certificate, strictly', ({ path }, openssl) => {
    const certificates = readdirSync(path).filter(file => file.endsWith('.cert'));
    assert.ok(STEMS.every(stem => certificates.includes(`${stem}.cert`)));
    const anchors = bundle(openssl, ['gen_rootca.cert', 'ssig_rootca.cert'], `${name}.anchors`);
    const between = certificates.filter(file => file.includes('_subca'));
    const untrusted = bundle(openssl, between, `${name}.untrusted`);
    const report = openssl('verify', '-x509_strict', '-CAfile', anchors, '-untrusted', untrusted, ...certificates);
    assert.is(report.match(/: OK$/gm)?.length, certificates.length, report);
  });
  recipe(name, 'trustme-pki verify finds it sound', ({ verdict }) => {
    assert.is(verdict.status, 0, verdict.stdout + verdict.stderr);
  });
}

recipe('own-organisation', 'brand, subject and URLs are in the certificates', ({ path }, openssl) => {
  const subject = (file: string) => openssl('x509', '-in', file, '-noout', '-subject', '-nameopt', 'RFC2253').trim();
  assert.is(subject('backend.cert'), 'subject=CN=ACME Backend Certificate,OU=Product Security,O=ACME Devices AG,C=CH');
  assert.match(text(openssl, 'backend.cert'), /OCSP - URI:http:\/\/ocsp\.example\.org\/gen\n/);
  assert.match(text(openssl, 'ssig.cert'), /URI:http:\/\/pki\.example\.org\/ssig\.crl\n/);
  for (const stem of STEMS) assert.not.match(text(openssl, `${stem}.cert`), /trustme|localhost\/|OSS Release/, stem);
  if (hasEfitools) assert.ok(readdirSync(path).includes('DB.auth'));
});

recipe('ec-p384', 'every key is on P-384 and every signature made with SHA-384', (_pki, openssl) => {
  for (const stem of STEMS) {
    assert.match(text(openssl, `${stem}.cert`), /ASN1 OID: secp384r1\n/);
    assert.match(text(openssl, `${stem}.cert`), /Signature Algorithm: ecdsa-with-SHA384\n/);
  }
});

const END_ENTITIES = ['ssig', 'ssig_cml', 'backend', 'ocsp_server'];
recipe('rsa-roots-ec-leaves', 'CAs have RSA keys, end entities EC keys, nobody is warned', ({ warnings }, openssl) => {
  for (const stem of STEMS) {
    const expected = END_ENTITIES.includes(stem) ? /ASN1 OID: prime256v1\n/ : /Public-Key: \(3072 bit\)\n/;
    assert.match(text(openssl, `${stem}.cert`), expected, stem);
  }
  assert.is(warnings, '');
});

recipe('ed25519', 'all but what kernel and firmware read is Ed25519, nobody is warned', ({ warnings }, openssl) => {
  for (const stem of STEMS)
    assert.match(
      text(openssl, `${stem}.cert`),
      stem === 'ssig_subca' ? /Public-Key: \(2048 bit\)\n/ : /Public Key Algorithm: ED25519\n/,
    );
  if (hasEfitools) assert.match(text(openssl, 'PK.crt'), /Public-Key: \(2048 bit\)\n/);
  assert.is(warnings, '');
});

recipe('short-lived', 'end entities, requests and revocation lists end after days', ({ path }, openssl) => {
  assert.equal(
    ['backend', 'ocsp_server', 'backend_subca'].map(stem => days(openssl, `${stem}.cert`)),
    [10, 10, 2190],
  );
  for (const [ca, expected] of [
    ['backend_subca', 10],
    ['device_subca', 28],
    ['user_subca', 1],
  ] as const)
    assert.is(days(openssl, issue(openssl, ca, '/CN=x')), expected);
  const crl = join(path, '..', 'short-lived.crl');
  openssl('ca', '-config', '.pki/device_subca.cnf', ...PASSIN, '-gencrl', '-out', crl);
  const [last, next] = openssl('crl', '-in', crl, '-noout', '-lastupdate', '-nextupdate').match(/=.*/g)!;
  assert.is(Date.parse(next!.slice(1)) - Date.parse(last!.slice(1)), 2 * 86_400_000);
});

const PASSIN = ['-passin', 'env:GYROIDOS_TEST_PASSWD_PKI'];

/** Has a CA sign the request of a new key; returns the file of the certificate. */
function issue(openssl: OpenSsl, ca: string, subject: string, names?: string, options: readonly string[] = []): string {
  const place = mkdtempSync(join(folder, 'issued-'));
  const [key, request, certificate] = ['key', 'csr', 'cert'].map(end => join(place, `x.${end}`)) as [
    string,
    string,
    string,
  ];
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-keyout', key];
  const extension = names ? ['-addext', `subjectAltName=${names}`] : [];
  openssl('req', '-new', ...newKey, '-subj', subject, ...extension, '-out', request);
  openssl(
    ...['ca', '-batch', '-config', `.pki/${ca}.cnf`, ...PASSIN, '-notext', ...options],
    ...['-in', request, '-out', certificate],
  );
  return certificate;
}

recipe('guestos-ca-per-customer', 'each customer has a CA, with its own root and profiles', ({ path }, openssl) => {
  const strict = (root: string, ca: string, file: string) =>
    openssl('verify', '-x509_strict', '-CAfile', `${root}.cert`, '-untrusted', `${ca}.cert`, file);
  const acme = 'guestos_subca_acme';
  const [, options = ''] = /# Other profiles, as options: (.*)/.exec(
    readFileSync(join(path, `.pki/${acme}.cnf`), 'utf8'),
  )!;
  const release = issue(openssl, acme, '/CN=release');
  const development = issue(openssl, acme, '/CN=dev', undefined, options.split(' '));
  assert.match(strict('gen_rootca', acme, release), /OK/);
  assert.match(strict('gen_rootca', acme, development), /OK/);
  assert.equal([days(openssl, release), days(openssl, development)], [1095, 30]);
  assert.match(text(openssl, release), /Digital Signature, Non Repudiation\n/);
  assert.match(text(openssl, development), /Key Usage: critical\s+Digital Signature\n\s+.*\n\s+Code Signing\n/);
  const service = issue(openssl, 'guestos_subca_service', '/CN=service');
  assert.match(strict('ssig_rootca', 'guestos_subca_service', service), /OK/);
  assert.throws(() => strict('gen_rootca', 'guestos_subca_service', service), /verification failed/);
  assert.match(text(openssl, `${acme}.cert`), /O ?= ?ACME Devices AG.*\n[\s\S]*CA:TRUE, pathlen:0\n/);
});

recipe('name-constraints', 'a name of another domain and an address are refused', (_pki, openssl) => {
  const check = (file: string) =>
    openssl('verify', '-x509_strict', '-CAfile', 'gen_rootca.cert', '-untrusted', 'backend_subca.cert', file);
  assert.match(check('backend.cert'), /OK/);
  const certificate = (names: string) => issue(openssl, 'backend_subca', '/CN=server', names);
  assert.match(check(certificate('DNS:a.b.example.org')), /OK/);
  assert.throws(() => check(certificate('DNS:mdm.example.com')), /permitted subtree violation/);
  assert.throws(() => check(certificate('DNS:a.example.org,IP:192.0.2.1')), /excluded subtree violation/);
  assert.throws(() => check(certificate('DNS:a.example.org,IP:2001:db8::1')), /excluded subtree violation/);
});

recipe('own-template', 'the policy of the organisation and the extension of parts hold', (_pki, openssl) => {
  assert.match(text(openssl, 'backend.cert'), /1\.3\.6\.1\.4\.1\.99999\.2: *\n +0\.\.\.Berlin\.\.\.\n/);
  const own = issue(openssl, 'device_subca', '/C=DE/O=OSS Release/CN=device');
  assert.match(openssl('x509', '-in', own, '-noout', '-subject'), /O ?= ?OSS Release, CN ?= ?device/);
  assert.throws(
    () => issue(openssl, 'device_subca', '/C=DE/O=Other/CN=device'),
    /organizationName field is different|The organizationName/,
  );
});

recipe('two-backends', 'each has its names and addresses, and localhost is gone', ({ path }, openssl) => {
  const names = (file: string) => openssl('x509', '-in', file, '-noout', '-ext', 'subjectAltName');
  assert.match(
    names('backend.cert'),
    /DNS:mdm\.example\.org, IP Address:192\.0\.2\.10, IP Address:2001:DB8:0:0:0:0:0:10/,
  );
  assert.match(names('backend2.cert'), /DNS:mdm2\.example\.org, IP Address:192\.0\.2\.11/);
  assert.not.match(names('backend.cert'), /localhost/);
  const key = (file: string) => readFileSync(join(path, file), 'utf8');
  assert.is.not(key('backend.key'), key('backend2.key'));
});

recipe('offline-root', 'the keys of the roots are on the root machine alone', ({ path }, openssl) => {
  const keys = (name: string) => readdirSync(name).filter(file => file.endsWith('.key'));
  assert.equal(keys(join(path, '../roots')).sort(), ['gen_rootca.key', 'ssig_rootca.key']);
  assert.not.ok(keys(path).some(file => file.includes('root')));
  for (const root of ['gen_rootca', 'ssig_rootca'])
    assert.is(
      readFileSync(join(path, `${root}.cert`), 'utf8'),
      readFileSync(join(path, `../roots/${root}.cert`), 'utf8'),
    );
  const rows = readFileSync(join(path, '../roots/.pki/gen_rootca/index.txt'), 'utf8').trim().split('\n');
  assert.is(rows.length, 5);
  const count = (file: string) => readFileSync(join(path, file), 'utf8').match(/BEGIN CERTIFICATE/g)?.length;
  assert.equal([count('guestos_subca.cert'), count('backend.cert'), count('ssig_subca.cert')], [2, 3, 2]);
  assert.match(text(openssl, 'ssig_subca.cert'), /Digital Signature, Certificate Sign, CRL Sign\n/);
});

const document = readFileSync(join(ROOT, 'docs/customizing.md'), 'utf8');

suite('customizing.md shows every file of every recipe as it is', () => {
  const shown = new Map<string, string>();
  for (const [, names, , content] of document.matchAll(
    /^((?:`recipes\/[^`]+`(?:, |,\n)?)+):\n\n```(\w*)\n([\s\S]*?)^```$/gm,
  ))
    for (const [, name] of names!.matchAll(/`recipes\/([^`]+)`/g)) {
      assert.not.ok(shown.has(name!), name);
      shown.set(name!, content!);
    }
  const files = (readdirSync(RECIPES, { recursive: true, withFileTypes: true }) as Dirent[])
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(RECIPES.length + 1));
  assert.equal([...shown.keys()].sort(), files.sort());
  for (const file of files) assert.fixture(shown.get(file)!, readFileSync(join(RECIPES, file), 'utf8'), file);
});

suite('customizing.md has the command of every recipe', () => {
  for (const name of Object.keys(WORDS)) assert.ok(document.includes(`--conf docs/recipes/${name}`), name);
});

suite.run();
