// Every finding is made once on a copy of a sound PKI and found, and nothing else is. Mistakes that do not meet share
// a copy.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type VerifyOptions, verifyDirectory } from '../../scripts/lib/check/verify.ts';
import { scratch } from '../helpers/door.ts';
import { brief, copyOf, edit, environment, openssl, sharedPki, verify } from './sound-pki.ts';

const test = suite('verify');
const folder = scratch();
let [sound, other] = ['', ''];
const DAY = 86_400_000;
const inDays = (days: number) => ({ now: new Date(Date.now() + days * DAY) });

test.before(async () => {
  [sound, other] = await Promise.all([sharedPki('sound'), sharedPki('other')]);
});

type Harm = (out: string) => void;
/** What is done, and the findings that it leads to. */
type Mistake = readonly [name: string, harm: Harm, expected: readonly string[] | (() => readonly string[])];

const swap =
  (...files: readonly string[]): Harm =>
  out => {
    for (const file of files) cpSync(join(other, file), join(out, file));
  };
const write =
  (file: string, text: string): Harm =>
  out =>
    writeFileSync(join(out, file), text);
const remove =
  (...files: readonly string[]): Harm =>
  out => {
    for (const file of files) rmSync(join(out, file), { recursive: true });
  };
const copy =
  (from: string, to: string): Harm =>
  out =>
    cpSync(join(out, from), join(out, to));
const setByte = (file: string, at: number, change: (value: number) => number): Harm =>
  edit(file, text => text.slice(0, at) + String.fromCharCode(change(text.charCodeAt(at)) & 255) + text.slice(at + 1));
const encrypt =
  (file: string, passphrase: string): Harm =>
  out => {
    openssl(out, `pkey -in ${file} -passin pass:test1234 -aes256 -passout pass:${passphrase} -out new`);
    chmodSync(join(out, 'new'), 0o600);
    renameSync(join(out, 'new'), join(out, file));
  };

const serialIn = (out: string, file: string): string =>
  openssl(out, `x509 -in ${file} -noout -serial`).trim().replace('serial=', '');

const NEW_KEY = 'ec -pkeyopt ec_paramgen_curve:P-256';
/** A certificate of a root CA "own"; `line` are further words of `openssl req`. */
const issue =
  (stem: string, line: string, key = NEW_KEY): Harm =>
  out => {
    const root = '.pki/ssig_rootca.cnf -extensions certificate -noenc -subj /CN=own -days 400';
    if (!existsSync(join(out, 'own.cert')))
      openssl(out, `req -x509 -new -config ${root} -newkey ${NEW_KEY} -keyout own.key -out own.cert`);
    const words = `-config .pki/ssig.cnf -extensions certificate -noenc -subj /CN=${stem} -CA own.cert -CAkey own.key`;
    openssl(out, `req -x509 -new ${words} -newkey ${key} -keyout ${stem}.key -out ${stem}.cert ${line}`);
  };

/** Makes all mistakes of a copy and compares the findings. */
const together = (title: string, mistakes: readonly Mistake[], options: Parameters<typeof verify>[1] = {}): void =>
  test(`${title}: ${mistakes.map(([name]) => name).join('; ')}`, async () => {
    const harm: Harm = out => {
      for (const [, each] of mistakes) each(out);
    };
    const findings = await verify(copyOf(sound, join(folder, 'copy'), harm), options);
    const expected = mistakes.flatMap(([, , each]) => (typeof each === 'function' ? each() : each));
    assert.equal(brief(findings).sort(), [...expected].sort());
  });

together('directory', [['a sound PKI', () => {}, []]]);
together('directory', [
  [
    'a folder with something else in it',
    out => {
      for (const name of readdirSync(out)) rmSync(join(out, name), { recursive: true });
      writeFileSync(join(out, 'thesis.tex'), '');
    },
    ['error no-pki .'],
  ],
]);

const TPM_KEY = '-----BEGIN TSS2 PRIVATE KEY-----\nMAA=\n-----END TSS2 PRIVATE KEY-----\n';
together('keys', [
  ["another PKI's key", swap('backend.key'), ['error pair-mismatch backend.cert']],
  ["another PKI's encrypted key", swap('device_subca.key'), ['error pair-mismatch device_subca.cert']],
  ['a key file that holds no key', write('ssig_cml.key', 'no key\n'), ['error key-broken ssig_cml.key']],
  ['a passphrase that nobody knows', encrypt('ocsp_server.key', 'secret'), ['warning key-unreadable ocsp_server.key']],
  ['a key in a TPM', write('ssig.key', TPM_KEY), ['warning key-unreadable ssig.key']],
  [
    'a known passphrase, of a stem that nobody knows',
    out => {
      issue('mine', '-days 100')(out);
      encrypt('mine.key', 'test1234')(out);
    },
    [],
  ],
  ['a key without a certificate', copy('backend.key', 'lone.key'), ['warning key-without-certificate lone.key']],
  ['a certificate without a key', remove('gen_rootca.key'), []],
  ['a certificate that is none', write('user_subca.cert', 'none'), ['error certificate-unreadable user_subca.cert']],
]);
together('keys', [['a passphrase in the variable of the trust|me era', encrypt('gen_rootca.key', 'old'), []]], {
  environment: { PATH: process.env.PATH, TRUSTME_TEST_PASSWD_PKI: 'old' },
});

const blank = (text: string): string => text.replace('-----\n', '----- \n');
together('reading', [
  ['blanks behind a BEGIN line', edit('ssig_cml.cert', blank), []],
  ['CRLF', edit('backend.cert', text => text.replaceAll('\n', '\r\n')), []],
  [
    'a block that openssl passes over',
    edit('user_subca.cert', text => text.replace('-----BEGIN', ' -----BEGIN')),
    ['error certificate-unreadable user_subca.cert'],
  ],
]);
test('reading: the trust anchor is the one that openssl reads', async () => {
  const harm: Harm = out =>
    edit('ssig_rootca.cert', text => blank(readFileSync(join(other, 'ssig_rootca.cert'), 'latin1')) + text)(out);
  const findings = await verify(copyOf(sound, join(folder, 'copy'), harm));
  assert.ok(brief(findings).includes('error pair-mismatch ssig_rootca.cert'), brief(findings).join());
});

const reversed = (text: string): string => {
  const [own, ...rest] = text.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/g)!;
  return [own, ...rest.reverse()].join('');
};
together('chains', [
  [
    "another PKI's certificate",
    swap('ssig_cml.cert', 'ssig_cml.key'),
    ['error chain-broken ssig_cml.cert', 'error manifest-mismatch ssig_cml.cert'],
  ],
  [
    "another PKI's certificate with its whole chain",
    swap('backend.cert', 'backend.key'),
    ['error chain-broken backend.cert', 'error manifest-mismatch backend.cert'],
  ],
  ['a bundle in the wrong order', edit('ssig.cert', reversed), ['error bundle-mismatch ssig.cert']],
  [
    'a TLS server that may not be one',
    issue('web', '-days 100 -addext extendedKeyUsage=serverAuth -addext nsCertType=client'),
    ['error chain-refused web.cert'],
  ],
  [
    'a time stamping certificate whose usage is not critical',
    issue('tsa', '-days 100 -addext extendedKeyUsage=timeStamping'),
    ['error chain-refused tsa.cert'],
  ],
  [
    'a critical extension that nobody knows',
    issue('meant', '-days 100 -addext 1.3.6.1.4.1.99999.5=critical,DER:0C0141'),
    ['warning critical-unknown meant.cert'],
  ],
  ['a certificate that outlives its issuer', issue('long', '-days 500'), ['warning outlives-issuer long.cert']],
  ['a short RSA key', issue('short', '-days 100', 'rsa:1024'), ['warning weak-key short.cert']],
  ['a certificate for a few days', issue('brief', '-days 14'), []],
  ['a SHA-1 signature', issue('old', '-days 100 -sha1'), ['warning weak-signature old.cert']],
]);

const certificates = (pattern: RegExp) => readdirSync(sound).filter(name => pattern.test(name));
const END_ENTITIES = /^(backend|ocsp_server|ssig|ssig_cml)\.cert$/;
for (const [name, days, expected, soon = 30] of [
  ['ten days before the first certificates end', 1085, () => ['warning expires-soon'], 30],
  ['ten days before that, asked for nine', 1085, () => [], 9],
] as const)
  test(`validity: ${name}`, async () => {
    const findings = await verify(sound, { ...inDays(days), expiresWithinDays: soon });
    const wanted = expected().flatMap(each => certificates(END_ENTITIES).map(file => `${each} ${file}`));
    assert.equal(brief(findings), wanted);
  });

test('validity: the day after, and what else follows from it', async () => {
  const found = await verify(sound, inDays(1095.5));
  const findings = brief(found);
  assert.equal(
    findings.filter(each => !each.startsWith('info row-stale')),
    certificates(END_ENTITIES).map(file => `error expired ${file}`),
  );
  const stale = found.filter(({ code }) => code === 'row-stale').map(({ file, message }) => `${file}: ${message}`);
  assert.equal(stale.sort(), [
    `${index('backend_subca')}: 2 rows expired and still count as valid, the first one in line 1`,
    `${index('ssig_subca')}: line 1: it expired and still counts as valid`,
    `${index('ssig_subca_cml')}: line 1: it expired and still counts as valid`,
  ]);
});

test('validity: a sub CA that expired is its own finding and that of what it issued', async () => {
  const findings = await verify(sound, inDays(2191));
  const of = (file: string) =>
    findings.filter(each => each.file === file).map(({ code, message }) => `${code} ${message}`);
  assert.match(
    of('ssig.cert').join('\n'),
    /chain-refused openssl refuses it: certificate has expired \(ssig_subca\.cert\)/,
  );
  assert.equal(of('gen_rootca.cert'), []);
  assert.match(of('guestos_subca.cert').join('\n'), /^expired it expired on \d{4}-\d\d-\d\d$/);
});

test('validity: before all of it', async () => {
  const findings = brief(await verify(sound, inDays(-2)));
  const wanted = certificates(/\.(cert|crt)$/).map(file => `error not-yet-valid ${file}`);
  assert.equal(
    findings.filter(each => /not-yet-valid/.test(each)),
    wanted,
  );
});

together('UEFI', [
  ['a list of somebody else', swap('KEK.esl'), ['error list-mismatch KEK.esl', 'error update-mismatch KEK.auth']],
  [
    'a list that is cut off',
    edit('DB.esl', text => text.slice(0, -5)),
    ['error list-unreadable DB.esl', 'error update-mismatch DB.auth'],
  ],
  [
    "another PKI's list of a certificate that fills no variable",
    swap('ssig_subca.esl'),
    ['error list-mismatch ssig_subca.esl'],
  ],
]);
together('UEFI', [
  [
    'db without ssig_subca in its list',
    copy('.pki/DB.esl', 'DB.esl'),
    ['error list-mismatch DB.esl', 'error update-mismatch DB.auth'],
  ],
  [
    'another owner in a list',
    setByte('ssig_subca.esl', 28, value => value ^ 1),
    ['error manifest-mismatch ssig_subca.esl'],
  ],
  ['an update that is gone', remove('KEK.auth'), ['error file-missing KEK.auth']],
  [
    'an update of the year 1970',
    out => {
      setByte('PK.auth', 0, () => 0xb2)(out);
      setByte('PK.auth', 1, () => 7)(out);
    },
    ['error manifest-mismatch PK.auth', 'error update-refused PK.auth', 'warning update-time PK.auth'],
  ],
]);
together('UEFI', [
  [
    'an update whose authoriser is gone',
    remove('KEK.crt', 'KEK.key', 'KEK.esl'),
    ['error file-missing KEK.crt', 'error file-missing KEK.esl', 'error update-refused DB.auth'],
  ],
  [
    'an update from the future',
    setByte('DB.auth', 0, value => value + 9),
    ['error manifest-mismatch DB.auth', 'warning update-time DB.auth'],
  ],
]);
together('UEFI', [
  [
    'updates in the wrong order',
    setByte('DB.auth', 0, value => value - 1),
    ['error manifest-mismatch DB.auth', 'error update-refused DB.auth', 'warning update-order DB.auth'],
  ],
  [
    'two of the same second',
    copy('PK.auth', 'KEK.auth'),
    [
      ...['manifest-mismatch', 'update-mismatch', 'update-refused'].map(code => `error ${code} KEK.auth`),
      'info update-same-time KEK.auth',
    ],
  ],
  ['an update of a variable that nobody describes', copy('DB.auth', 'ssig.auth'), ['info update-unchecked ssig.auth']],
]);
const append =
  (list: string): Harm =>
  out =>
    execFileSync('sign-efi-sig-list', [
      ...['-a', '-t', '2026-01-01 00:00:00', '-k', join(out, 'KEK.key'), '-c', join(out, 'KEK.crt')],
      ...['db', join(out, list), join(out, 'DB.append.auth')],
    ]);
/** As if `other` had the KEK of former days. */
const keepFormerKek: Harm = out => {
  mkdirSync(join(out, '.pki/retired/KEK'), { recursive: true });
  cpSync(join(other, 'KEK.crt'), join(out, `.pki/retired/KEK/${serialIn(other, 'KEK.crt')}.pem`));
  const signer = ['-k', join(other, 'KEK.key'), '-c', join(other, 'KEK.crt')];
  const words = ['-a', '-t', '2026-01-01 00:00:00', ...signer, 'db', join(out, 'DB.esl'), join(out, 'DB.append.auth')];
  execFileSync('sign-efi-sig-list', words, { stdio: 'ignore' });
};
together('UEFI, field updates by a former authoriser', [
  ['one of another run', keepFormerKek, ['warning field-update-lapsed DB.append.auth']],
]);
together('UEFI, field updates', [
  [
    'an appended update with what the list does not hold',
    append('KEK.esl'),
    ['warning field-update-stale DB.append.auth'],
  ],
  [
    'one of PK that is signed by nobody we know',
    copy('KEK.auth', 'PK.update.auth'),
    ['error update-refused PK.update.auth', 'warning field-update-stale PK.update.auth'],
  ],
]);
const OPEN_KEYS = [
  '.pki/requests/ssig/key',
  '.dev.key.trustme-pki.4711',
  '.dev.p12.trustme-pki.4711',
  'certs/.signing_key.pem.trustme-pki',
];
/** As if the CA had another key once. */
const keepFormer =
  (stem: string, key: string): Harm =>
  out => {
    const kept = join(out, `.pki/retired/${stem}/${serialIn(other, `${stem}.cert`)}`);
    mkdirSync(dirname(kept), { recursive: true });
    cpSync(join(other, `${stem}.cert`), `${kept}.pem`);
    cpSync(join(other, `${key}.key`), `${kept}.key`);
  };
const former = (stem: string, extension: string) =>
  `.pki/retired/${stem}/${serialIn(other, `${stem}.cert`)}.${extension}`;
const harmFormer =
  (stem: string, harm: (file: string) => void): Harm =>
  out => {
    keepFormer(stem, stem)(out);
    harm(join(out, former(stem, 'pem')));
  };
together('what others took the place of', [
  ['key and certificate', keepFormer('gen_rootca', 'gen_rootca'), []],
  [
    'the key of another',
    keepFormer('device_subca', 'user_subca'),
    () => [`error pair-mismatch ${former('device_subca', 'pem')}`],
  ],
  [
    'an empty certificate',
    harmFormer('user_subca', file => truncateSync(file)),
    () => [`error retired-mismatch ${former('user_subca', 'pem')}`],
  ],
  [
    'the certificate of another',
    harmFormer('guestos_subca', file => cpSync(join(other, 'ssig.cert'), file)),
    () => [`error retired-mismatch ${former('guestos_subca', 'pem')}`],
  ],
  [
    'no certificate',
    harmFormer('backend_subca', file => rmSync(file)),
    () => [`warning key-without-certificate ${former('backend_subca', 'key')}`],
  ],
  [
    'a key that is none',
    harmFormer('ssig_subca_cml', file => writeFileSync(file.replace(/pem$/, 'key'), '')),
    () => [`error key-broken ${former('ssig_subca_cml', 'key')}`],
  ],
]);
together('a request that is none', [
  [
    'it is empty',
    out => {
      mkdirSync(join(out, '.pki/requests/backend'), { recursive: true });
      writeFileSync(join(out, '.pki/requests/backend/request.csr'), '');
    },
    ['error request-unreadable .pki/requests/backend/request.csr'],
  ],
]);
together('a protocol that is none', [
  [
    'nobody signed it',
    write('.pki/protocol.txt', '== step 1 ==\nstep: sign\n'),
    ['error protocol-broken .pki/protocol.txt'],
  ],
]);
together('UEFI, a manifest that is gone', [
  [
    'more in a list than our certificates: nobody can say whether it belongs there',
    out => {
      rmSync(join(out, '.pki/manifest.json'));
      appendFileSync(join(out, 'DB.esl'), readFileSync(join(other, 'KEK.esl')));
    },
    ['error update-mismatch DB.auth', 'info list-unrecorded DB.esl'],
  ],
]);
together('UEFI', [
  ['an update that is none', write('PK.auth', 'x'), ['error update-unreadable PK.auth']],
  [
    'an update with a time zone, which firmware refuses',
    setByte('DB.auth', 12, () => 1),
    ['error update-refused DB.auth', 'warning update-time DB.auth'],
  ],
]);

together('files', [
  [
    'an export of another certificate',
    swap('certs/signing_key.x509'),
    ['error export-mismatch certs/signing_key.x509'],
  ],
  [
    'keys that others may read',
    out => {
      chmodSync(join(out, 'backend.key'), 0o640);
      chmodSync(join(out, 'certs/signing_key.pem'), 0o644);
    },
    ['error key-mode backend.key', 'error key-mode certs/signing_key.pem'],
  ],
  [
    'keys of before, of requests, and of runs that were killed, that others may read',
    out => {
      keepFormer('user_subca', 'user_subca')(out);
      chmodSync(join(out, former('user_subca', 'key')), 0o640);
      mkdirSync(join(out, '.pki/requests/ssig'), { recursive: true });
      for (const file of OPEN_KEYS) {
        writeFileSync(join(out, file), '');
        chmodSync(join(out, file), 0o604);
      }
    },
    () => [
      `error key-mode ${former('user_subca', 'key')}`,
      ...OPEN_KEYS.map(file => `error key-mode ${file}`),
      ...OPEN_KEYS.slice(1, 3).map(file => `info leftover ${file}`),
      `warning stray-file ${OPEN_KEYS[3]}`,
    ],
  ],
  [
    'folders that everybody may change',
    out => {
      chmodSync(out, 0o777);
      chmodSync(join(out, '.pki/gen_rootca'), 0o757);
    },
    ['warning folder-mode .', 'warning folder-mode .pki/gen_rootca'],
  ],
  [
    'files that no PKI has',
    out => {
      for (const file of ['notes.txt', 'certs/extra.pem', '.pki/staging']) write(file, '')(out);
      mkdirSync(join(out, 'backup/deep'), { recursive: true });
      mkdirSync(join(out, '.pki/stranger'));
      write('.pki/stranger/file', '')(out);
    },
    [
      ...['.pki/staging', '.pki/stranger', 'backup', 'certs/extra.pem', 'notes.txt'].map(
        file => `warning stray-file ${file}`,
      ),
    ],
  ],
  [
    'what scripts and openssl leave',
    out => {
      const own = ['.pki/ssig_rootca/index.txt.old', '.pki/ssig_rootca/index.txt.attr.old', '.pki/ssig/crlnumber.old'];
      mkdirSync(join(out, '.pki/ssig'));
      for (const file of ['_DB.esl', 'openssl.conf', 'serial.old', 'ssig.csr', ...own]) write(file, '')(out);
    },
    ['info leftover _DB.esl', 'info leftover openssl.conf', 'info leftover serial.old'],
  ],
  [
    'a file that is too large',
    out => truncateSync(join(out, 'ssig_cml.cert'), 11 * 1024 * 1024),
    ['warning file-too-large ssig_cml.cert'],
  ],
  [
    'records of a hundred thousand certificates and more',
    out => {
      const rows = `# ${'x'.repeat(97)}\n`.repeat(120_000);
      for (const name of ['index.txt', 'requests.tsv'])
        writeFileSync(join(out, `.pki/device_subca/${name}`), rows, { flag: 'a' });
      for (const name of ['device_subca.crl', 'device_subca.crl.der']) {
        write(name, '')(out);
        truncateSync(join(out, name), 11 * 1024 * 1024);
      }
    },
    ['error crl-unreadable device_subca.crl', 'error crl-unreadable device_subca.crl.der'],
  ],
  [
    'an index too large to be read, of which nobody says that it is damaged',
    out => truncateSync(join(out, '.pki/ssig_rootca/index.txt'), 257 * 1024 * 1024),
    ['warning file-too-large .pki/ssig_rootca/index.txt'],
  ],
]);
together('files', [
  [
    'links that lead out, links that do not, and FIFOs',
    out => {
      rmSync(join(out, 'ssig_cml.cert'));
      symlinkSync(join(other, 'ssig_cml.cert'), join(out, 'ssig_cml.cert'));
      renameSync(join(out, 'backend.cert'), join(out, 'certs/backend'));
      symlinkSync('certs/backend', join(out, 'backend.cert'));
      rmSync(join(out, '.pki/gen_rootca'), { recursive: true });
      symlinkSync('/', join(out, '.pki/gen_rootca'));
      rmSync(join(out, 'ssig.key'));
      const fifos = ['hang.cert', 'ssig.key', 'hang.esl', 'hang.auth', 'certs/hang', '.pki/device_subca/serial'];
      execFileSync('mkfifo', fifos, { cwd: out });
    },
    [
      ...['ssig_cml.cert', 'backend.cert', '.pki/gen_rootca', 'hang.cert', 'ssig.key', 'hang.esl', 'hang.auth'],
      ...['certs/hang', '.pki/device_subca/serial'],
    ]
      .map(file => `warning not-regular ${file}`)
      .concat('warning stray-file certs/backend'),
  ],
]);

const index = (ca: string): string => `.pki/${ca}/index.txt`;
const row = (ca: string, commonName: string, change: (line: string) => string): Harm =>
  edit(index(ca), text => text.replace(new RegExp(`^.*CN=trustme ${commonName}\n`, 'm'), line => change(line)));
const serialOf = (stem: string): string => openssl(sound, `x509 -in ${stem}.cert -noout -serial`).trim().slice(7);
const issued = (ca: string, stem: string): string => `.pki/${ca}/issued/${serialOf(stem)}.pem`;

together('databases', [
  [
    'a damaged row of a certificate that is there: the row is told, and not that it is missing',
    row('gen_rootca', 'Backend Sub CA', line => line.replace(/^V/, 'X')),
    [`error database-malformed ${index('gen_rootca')}`],
  ],
]);
together('databases', [
  [
    'rows that are none',
    out => appendFileSync(join(out, index('backend_subca')), 'V\tsoon\t\t01\tunknown\t/CN=x\nV\n'),
    [`error database-malformed ${index('backend_subca')}`, `error database-malformed ${index('backend_subca')}`],
  ],
  [
    'a row that stands twice',
    row('gen_rootca', 'User Sub CA', line => line + line),
    [`error database-malformed ${index('gen_rootca')}`],
  ],
  [
    'a last row without an end of line, which openssl passes over',
    edit(index('ssig_rootca'), text => text.trimEnd()),
    [`error database-malformed ${index('ssig_rootca')}`],
  ],
  [
    'a folder in the place of an index',
    out => {
      rmSync(join(out, index('device_subca')));
      mkdirSync(join(out, index('device_subca')));
    },
    [`error database-malformed ${index('device_subca')}`, `warning stray-file ${index('device_subca')}`],
  ],
  [
    'settings that openssl does not take',
    out => {
      write('.pki/ssig_subca/crlnumber', 'one\n')(out);
      write('.pki/ssig_subca/index.txt.attr', 'x\n')(out);
    },
    ['error database-malformed .pki/ssig_subca/crlnumber', 'error database-malformed .pki/ssig_subca/index.txt.attr'],
  ],
  [
    'an index and a number that are gone',
    out => {
      rmSync(join(out, index('user_subca')));
      rmSync(join(out, '.pki/gen_rootca/crlnumber'));
    },
    ['error database-malformed .pki/gen_rootca/crlnumber', `error database-malformed ${index('user_subca')}`],
  ],
  [
    'a certificate that has no row',
    row('gen_rootca', 'Device Sub CA', () => ''),
    () => [`error row-missing ${issued('gen_rootca', 'device_subca')}`],
  ],
  [
    'a row that has no file',
    out => rmSync(join(out, issued('ssig_subca', 'ssig'))),
    [`warning issued-missing ${index('ssig_subca')}`],
  ],
  [
    'neither row nor file of a published certificate',
    out => {
      row('ssig_subca_cml', 'CML Signing Certificate', () => '')(out);
      rmSync(join(out, issued('ssig_subca_cml', 'ssig_cml')));
    },
    ['error row-missing ssig_cml.cert'],
  ],
  [
    'a row with another expiry',
    row('gen_rootca', 'GuestOS Signing Sub CA', line => line.replace(/^V\t\d\d/, 'V\t40')),
    () => [`error row-mismatch ${issued('gen_rootca', 'guestos_subca')}`],
  ],
  [
    'a row with an expiry that is over, of a certificate that is valid',
    row('backend_subca', 'OCSP Server Certificate', line => line.replace(/^V\t\d\d/, 'V\t20')),
    () => [`error row-mismatch ${issued('backend_subca', 'ocsp_server')}`],
  ],
  [
    'an issued certificate under the name of another',
    out => cpSync(join(out, 'ssig_rootca.cert'), join(out, issued('ssig_rootca', 'ssig_subca_cml'))),
    () => [`error issued-mismatch ${issued('ssig_rootca', 'ssig_subca_cml')}`],
  ],
  [
    'a published certificate that is revoked',
    row('gen_rootca', 'Backend Sub CA', line => line.replace(/^V\t(\w+)\t/, 'R\t$1\t260101000000Z,keyCompromise')),
    ['error revoked-published backend_subca.cert'],
  ],
]);

test('a revocation that a list has and the index has not is found, unless it may have been a hold', async () => {
  const revoked = (reason: string) =>
    row('gen_rootca', 'Backend Sub CA', line => line.replace(/^V\t(\w+)\t/, `R\t$1\t260101000000Z,${reason}`));
  const after = (reason: string, harm: Harm) =>
    copyOf(sound, join(folder, 'lost'), out => {
      const before = readFileSync(join(out, index('gen_rootca')), 'latin1');
      revoked(reason)(out);
      openssl(out, 'ca -config .pki/gen_rootca.cnf -passin env:GYROIDOS_TEST_PASSWD_PKI -gencrl -out gen_rootca.crl');
      writeFileSync(join(out, index('gen_rootca')), before, 'latin1');
      harm(out);
    });
  const lost = `error revocation-lost ${index('gen_rootca')}`;
  assert.equal(brief(await verify(after('superseded', () => {}))), [lost]);
  assert.equal(brief(await verify(after('certificateHold', () => {}))), []);
  const cut = after(
    'certificateHold',
    row('gen_rootca', 'Backend Sub CA', () => ''),
  );
  assert.ok(brief(await verify(cut)).includes(lost));
  // The list of another CA of the same name says nothing.
  assert.equal(brief(await verify(after('superseded', swap('gen_rootca.cert')))).includes(lost), false);
});

test('lists that readers do not take are found', async () => {
  const sign = (out: string, ca: string, days: string) => {
    openssl(out, `ca -config .pki/${ca}.cnf -passin env:GYROIDOS_TEST_PASSWD_PKI -gencrl ${days} -out ${ca}.crl`);
    openssl(out, `crl -in ${ca}.crl -outform DER -out ${ca}.crl.der`);
  };
  const out = copyOf(sound, join(folder, 'lists'), to => {
    for (const ca of ['gen_rootca', 'user_subca', 'device_subca']) sign(to, ca, '-crldays 90');
    sign(to, 'ssig_rootca', '-crlsec 1000');
  });
  assert.equal(brief(await verify(out)), []);
  const later = await verify(out, { now: new Date(Date.now() + 1001_000) });
  assert.equal(brief(later), ['error crl-expired ssig_rootca.crl', 'error crl-expired ssig_rootca.crl.der']);

  write('gen_rootca.crl', 'garbage')(out);
  copy('gen_rootca.crl', 'gen_rootca.crl.der')(out);
  copy('user_subca.crl', 'user_subca.crl.der')(out);
  copy('user_subca.crl', 'ssig_rootca.crl')(out);
  // It names the key, and no longer says what that signed.
  setByte('device_subca.crl.der', readFileSync(join(out, 'device_subca.crl.der')).length - 1, value => value ^ 1)(out);
  assert.equal(
    brief(await verify(out)).sort(),
    [
      'error crl-mismatch device_subca.crl.der',
      'error crl-mismatch ssig_rootca.crl.der',
      'error crl-mismatch user_subca.crl.der',
      'error crl-refused device_subca.crl.der',
      'error crl-refused ssig_rootca.crl',
      'error crl-unreadable gen_rootca.crl',
      'error crl-unreadable gen_rootca.crl.der',
      'error crl-unreadable user_subca.crl.der',
    ].sort(),
  );
});

test('lists by the key of a CA that readers refuse all the same, or that lack what was revoked, are found', async () => {
  const out = copyOf(sound, join(folder, 'unfit'), () => {});
  write(
    '../unfit.cnf',
    [
      '[ca]\ndefault_ca = all\n[all]\ndatabase = ../unfit.txt\ndefault_md = sha256\ndefault_crl_days = 9',
      '[good]\nauthorityKeyIdentifier = keyid\nissuingDistributionPoint = critical,@place\n[place]\nfullname = URI:http://a/b',
      '[delta]\n2.5.29.27 = critical,DER:02:01:01',
      '[part]\nissuingDistributionPoint = critical,@users\n[users]\nonlyuser = TRUE',
      '[indirect]\nissuingDistributionPoint = critical,@others\n[others]\nindirectCRL = TRUE',
      '[broken]\n2.5.29.28 = critical,DER:30:05:a0',
      '[unknown]\n1.2.3.4 = critical,DER:05:00\n',
    ].join('\n'),
  )(out);
  write('../unfit.txt', '')(out);
  const passphrase = '-passin env:GYROIDOS_TEST_PASSWD_PKI';
  // The key is the same; the list says nothing more of its CA than the name.
  openssl(out, `req -x509 -new -key ssig_rootca.key ${passphrase} -subj /CN=Other -out ../other`);
  const told = async (words: string, certificate = 'ssig_rootca.cert') => {
    const by = `-keyfile ssig_rootca.key ${passphrase} -cert ${certificate}`;
    openssl(out, `ca -config ../unfit.cnf -gencrl ${by}${words} -out ssig_rootca.crl`);
    return (await verify(out)).map(({ code, message }) => `${code} ${message}`);
  };
  assert.equal(await told(' -crlexts good'), []);
  for (const [words, what, cert] of [
    [' -crlexts delta', /^crl-refused it is a delta list/],
    [' -crlexts part', /^crl-refused it is an indirect list, or one of a part/],
    [' -crlexts indirect', /^crl-refused it is an indirect list/],
    [' -crlexts broken', /^crl-refused it is an indirect list, or one of a part/],
    [' -crlexts unknown', /^crl-refused it has a critical extension .*\(1\.2\.3\.4\)/],
    [
      ' -crl_lastupdate 20400101000000Z -crl_nextupdate 20410101000000Z',
      /^crl-refused it holds from 2040-01-01T00:00:00Z on/,
    ],
    ['', /^crl-refused no key that "ssig_rootca\.cert" has or had signed it/, '../other'],
  ] as const) {
    const [first, ...more] = await told(words, cert);
    assert.match(first ?? '', what);
    assert.equal(more, [], words);
  }
});

test('a list that has the number of the next one, or a higher one, is found, also that of a key before', async () => {
  const listed = (harm: Harm) =>
    copyOf(sound, join(folder, 'numbers'), out => {
      const before = readFileSync(join(out, '.pki/gen_rootca/crlnumber'));
      openssl(out, 'ca -config .pki/gen_rootca.cnf -passin env:GYROIDOS_TEST_PASSWD_PKI -gencrl -out gen_rootca.crl');
      harm(out);
      writeFileSync(join(out, '.pki/gen_rootca/crlnumber'), before);
    });
  const used = 'error list-number .pki/gen_rootca/crlnumber';
  assert.equal(brief(await verify(listed(() => {}))), [used]);
  assert.equal(
    brief(await verify(listed(out => renameSync(join(out, 'gen_rootca.crl'), join(out, 'gen_rootca.0A.crl'))))),
    [used],
  );
  assert.equal(brief(await verify(listed(swap('gen_rootca.cert')))).includes(used), false);
});

test('a directory that a run changes meanwhile is read again, and one that never rests has what two readings find', async () => {
  const issuedBy = (out: string, ca: string) => {
    const file = `.pki/${ca}/issued`;
    return `${file}/${readdirSync(join(out, file))[0]}`;
  };
  const out = copyOf(sound, join(folder, 'busy'), () => {});
  const [backends, roots] = ['backend_subca', 'gen_rootca'].map(ca => issuedBy(out, ca)) as [string, string];
  const [database, other] = [join(out, index('backend_subca')), join(out, 'backend.cert')];
  const whole = readFileSync(database, 'latin1');
  const wholes = [readFileSync(other, 'latin1'), readFileSync(join(out, backends))] as const;
  const runs: [name: string, before: () => void, after: () => void][] = [
    [
      'a row is newer than the list of files',
      () => rmSync(join(out, backends)),
      () => writeFileSync(join(out, backends), wholes[1]),
    ],
    ['a file is newer than the row', () => writeFileSync(database, ''), () => writeFileSync(database, whole, 'latin1')],
    ['a certificate is moved in', () => swap('backend.cert')(out), () => writeFileSync(other, wholes[0], 'latin1')],
    ['a journal', () => write('.pki/journal.json', '{}')(out), () => rmSync(join(out, '.pki/journal.json'))],
  ];
  for (const [name, before, after] of runs) {
    before();
    const running = verify(out);
    after();
    assert.equal(brief(await running), [], name);
  }
  rmSync(join(out, roots));
  let isThere = true;
  const restless = setInterval(() => {
    isThere = !isThere;
    writeFileSync(join(out, '.pki/backend_subca/requests.tsv'), isThere ? '' : '\n');
  }, 5);
  try {
    assert.equal(brief(await verify(out)), [`warning issued-missing ${index('gen_rootca')}`]);
  } finally {
    clearInterval(restless);
  }
});

const LIAR = { schema: 1, entities: { a: { certificate: 7 } }, owners: {}, updates: {}, sources: {}, brand: 'x' };
together('manifest', [
  [
    'one that is none',
    write('.pki/manifest.json', JSON.stringify({ ...LIAR, created: 'x' })),
    ['error manifest-unreadable .pki/manifest.json'],
  ],
]);
const SHELL_CODE = { certificate: 'a.cert', sha256: 'x', passphraseVariables: 'A B;id' };
together('manifest', [
  [
    'a variable that none can be',
    write('.pki/manifest.json', JSON.stringify({ ...LIAR, entities: { a: SHELL_CODE }, created: 'x' })),
    ['error manifest-unreadable .pki/manifest.json'],
  ],
]);
together('manifest', [
  [
    'one of another version',
    write('.pki/manifest.json', '{"schema": 2}'),
    ['warning manifest-schema .pki/manifest.json'],
  ],
  ['a second phase that was stopped', write('.pki/journal.json', '{}'), ['error interrupted .pki/journal.json']],
]);
together('manifest', [
  [
    'one that lies',
    edit('.pki/manifest.json', text => text.replace(/"sha256": "../, '"sha256": "zz').replace('trustme', '\\u001b[2J')),
    ['error manifest-mismatch gen_rootca.cert'],
  ],
  [
    'a recorded certificate that is gone',
    remove('ocsp_server.cert', 'ocsp_server.key'),
    ['error file-missing ocsp_server.cert'],
  ],
]);
together('manifest', [['none, and no databases', remove('.pki'), []]]);

const conf = join(folder, 'conf');
const ENTITY = `issuer = backend_subca
[subject]
commonName = 2
[certificate]
days = 9
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
`;
mkdirSync(join(conf, 'customer'), { recursive: true });
writeFileSync(join(conf, 'customer/backend.ini'), '[certificate]\ndays = 1000\n');
writeFileSync(join(conf, 'customer/backend2.ini'), ENTITY);
together(
  'configuration',
  [
    ['another validity', () => {}, ['warning configuration-differs backend.cert', 'info other-option .']],
    ['an entity that is new', () => {}, ['warning configuration-differs backend2.cert']],
  ],
  { configurationFolders: [conf] },
);

test('a reading in which a file went away is begun again; what is not there at all is an error', async () => {
  const goneFor = (readings: number) => {
    let left = readings;
    const options: VerifyOptions = {
      expiresWithinDays: 30,
      get environment() {
        if (left-- > 0) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
        return environment;
      },
    };
    return verifyDirectory(sound, options, new AbortController());
  };
  assert.equal(await goneFor(2), await verify(sound));
  await goneFor(Number.POSITIVE_INFINITY).then(
    () => assert.unreachable(),
    ({ message }) => assert.is(message, 'gone'),
  );
});

test.run();
