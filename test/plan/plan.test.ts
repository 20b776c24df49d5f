import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Job } from '../../scripts/lib/plan/job.ts';
import type { Plan } from '../../scripts/lib/plan/plan.ts';
import { commandLine } from '../../scripts/lib/plan/shell.ts';
import { asJson, assertGolden } from '../helpers/golden.ts';
import { jobOf, lineOf } from '../helpers/jobs.ts';
import { configErrorOf, type Flags, NOW, type OwnFiles, planOf, readShipped, serialOf } from '../helpers/shipped.ts';

const suite = makeSuite('plan');

const KEY_TYPES: Readonly<Record<string, Flags>> = {
  rsa: {},
  ec: { keyType: { kind: 'ec', curve: 'secp384r1' } },
  ed25519: { keyType: { kind: 'other', algorithm: 'ed25519' } },
};
const planWith = (files: OwnFiles, overrides: Flags = {}) => planOf(readShipped(files, overrides).hierarchy);
const plans = Object.entries(KEY_TYPES).map(([name, overrides]) => [name, planWith({}, overrides)] as const);

for (const [name, { jobs, inputs }] of plans) {
  suite(`${name}: ids and made files are unique, and the id is the first file made`, () => {
    const made = jobs.flatMap(({ makes }) => makes);
    assert.is(new Set(jobs.map(({ id }) => id)).size, jobs.length);
    assert.is(new Set(made).size, made.length);
    for (const { id, makes } of jobs) assert.is(makes[0], id);
  });

  suite(`${name}: what a job needs comes before it`, () => {
    const before = new Set<string>();
    for (const { id, needs } of jobs) {
      for (const need of needs) assert.ok(before.has(need), `${need} comes before ${id}`);
      before.add(id);
    }
  });

  suite(`${name}: every file that a command reads is made by a job that it needs, however indirectly`, () => {
    const made = new Map(jobs.flatMap(({ id, makes }) => makes.map(file => [file, id] as const)));
    const byId = new Map(jobs.map(each => [each.id, each]));
    const allNeeds = (id: string): string[] => byId.get(id)!.needs.flatMap(need => [need, ...allNeeds(need)]);
    for (const { id, step, makes } of jobs) {
      if (step.kind !== 'command') continue;
      const needs = new Set(allNeeds(id));
      for (const word of step.args) {
        const maker = made.get(word);
        if (maker && !makes.includes(word)) assert.ok(needs.has(maker), `${id} reads ${word}`);
      }
    }
  });

  suite(`${name}: a whole plan reads no file that is not made`, () => {
    assert.equal(inputs, []);
  });

  suite(`${name}: every entity gets key, certificate and configuration, every CA its database`, () => {
    const made = new Set(jobs.flatMap(({ makes }) => makes));
    for (const { stem, variable, issued } of readShipped().hierarchy.values()) {
      for (const file of [`${stem}.key`, `.pki/${stem}.cnf`, `${stem}.${variable ? 'crt' : 'cert'}`])
        assert.ok(made.has(file), file);
      assert.is(made.has(`.pki/${stem}/index.txt`), issued.size > 0, stem);
    }
  });

  suite(`${name}: jobs that make keys say so`, () => {
    for (const { id, makes, makesKey } of jobs)
      assert.is(
        makes.some(file => file.endsWith('.key')),
        makesKey,
        id,
      );
  });
}

suite('RSA keys are made apart and wait for nothing', () => {
  for (const each of planWith({}).jobs.filter(({ makesKey }) => makesKey)) {
    assert.equal(each.needs, []);
    assert.match(lineOf(each), /^openssl genpkey /);
  }
});

suite('other keys come with their certificate, unless they are encrypted', () => {
  const plan = planWith({}, KEY_TYPES.ec);
  assert.match(lineOf(jobOf(plan, 'PK.crt')), / -newkey EC .* -noenc -keyout PK\.key /);
  assert.match(
    lineOf(jobOf(plan, 'gen_rootca.key')),
    /^openssl genpkey .* -aes-256-cbc -pass env:GYROIDOS_TEST_PASSWD_PKI /,
  );
});

suite('the update of db needs its list, and carries it, signed by KEK', () => {
  const update = jobOf(planWith({}), 'DB.auth');
  assert.equal(update.needs, ['DB.esl', 'KEK.key', 'KEK.crt']);
  assert.is(
    lineOf(update),
    "sign-efi-sig-list -t '2026-01-02 03:04:05' -g 11111111-2222-4333-8444-555555555555 -k KEK.key -c KEK.crt db DB.esl DB.auth",
  );
  assert.is(NOW.toISOString(), '2026-01-02T03:04:05.000Z');
});

suite('the list of db holds DB, then ssig_subca, each with its owner', () => {
  const plan = planWith({});
  assert.equal(jobOf(plan, 'DB.esl').step, {
    kind: 'concatenate',
    parts: [{ file: '.pki/DB.esl' }, { file: 'ssig_subca.esl' }],
    mode: 0o644,
  });
  assert.is(
    lineOf(jobOf(plan, '.pki/DB.esl')),
    'cert-to-efi-sig-list -g 11111111-2222-4333-8444-555555555555 DB.crt .pki/DB.esl',
  );
  assert.is(
    lineOf(jobOf(plan, 'ssig_subca.esl')),
    'cert-to-efi-sig-list -g 99999999-aaaa-4bbb-8ccc-dddddddddddd ssig_subca.cert ssig_subca.esl',
  );
});

suite('PK authorises itself and KEK', () => {
  const plan = planWith({});
  assert.match(lineOf(jobOf(plan, 'PK.auth')), / -k PK\.key -c PK\.crt PK PK\.esl PK\.auth$/);
  assert.match(lineOf(jobOf(plan, 'KEK.auth')), / -k PK\.key -c PK\.crt KEK KEK\.esl KEK\.auth$/);
});

suite('a plan of the UEFI keys alone makes nothing of the rest, and reads the certificate that db is to hold', () => {
  const { hierarchy } = readShipped();
  const wanted = [...hierarchy.values()].filter(({ variable }) => variable).map(({ stem }) => stem);
  const { jobs, inputs } = planOf(hierarchy, { wanted: new Set(wanted) });
  assert.equal(inputs, ['ssig_subca.cert']);
  assert.equal(jobs.flatMap(({ makes }) => makes).sort(), [
    ...['.pki/DB.cnf', '.pki/DB.esl', '.pki/KEK.cnf', '.pki/PK.cnf'],
    ...['DB.auth', 'DB.crt', 'DB.esl', 'DB.key', 'KEK.auth', 'KEK.crt', 'KEK.esl', 'KEK.key'],
    ...['PK.auth', 'PK.cer', 'PK.crt', 'PK.esl', 'PK.key', 'ssig_subca.esl'],
  ]);
});

suite('a plan without the UEFI keys makes no list and no update', () => {
  const { hierarchy } = readShipped();
  const wanted = [...hierarchy.values()].filter(({ variable }) => !variable).map(({ stem }) => stem);
  const { jobs, inputs } = planOf(hierarchy, { wanted: new Set(wanted) });
  assert.equal(inputs, []);
  assert.not.ok(jobs.some(({ id }) => /\.(esl|auth|crt|cer)$/.test(id)));
});

suite('no wanted entity, no job', () => {
  assert.equal(planOf(readShipped().hierarchy, { wanted: new Set() }), { jobs: [], inputs: [], folders: [] });
});

suite('what a file holds is ordered: the certificate, then the first certificate of each in its bundle', () => {
  assert.equal(jobOf(planWith({}), 'backend.cert').step, {
    kind: 'concatenate',
    parts: [
      { file: '.pki/backend_subca/issued/406261636B656E64000000000000000000000000.pem' },
      { file: 'backend_subca.cert', first: true },
      { file: 'gen_rootca.cert', first: true },
    ],
    mode: 0o644,
  });
});

suite('whatever holds a private key is for its owner alone', () => {
  const { step } = jobOf(planWith({}), 'certs/signing_key.pem');
  assert.is(step.kind === 'concatenate' && step.mode, 0o600);
});

suite('a database has a row for each certificate that its CA issued, its own included', () => {
  const { step } = jobOf(planWith({}), '.pki/ssig_rootca/index.txt');
  assert.equal(
    step.kind === 'index' && [...step.certificates],
    ['ssig_rootca', 'ssig_subca', 'ssig_subca_cml'].map(stem => `.pki/ssig_rootca/issued/${serialOf(stem)}.pem`),
  );
});

suite('one passphrase for subject and issuer needs no request', () => {
  assert.not.ok(planWith({}).jobs.some(({ id }) => id.endsWith('.csr')));
});

suite('two different passphrases lead to a request in between, each command with the one that it needs', () => {
  const plan = planWith({ 'customer/device_subca.ini': 'passphrase-env = DEVICE_PASSWORD\n' });
  const request = jobOf(plan, '.pki/device_subca.csr');
  assert.equal(request.needs, ['.pki/device_subca.cnf', 'device_subca.key']);
  assert.equal(request.step.kind === 'command' && request.step.secrets, ['DEVICE_PASSWORD']);
  const issued = plan.jobs.find(({ needs }) => needs.includes(request.id))!;
  assert.match(
    lineOf(issued),
    /^openssl x509 -req -in \.pki\/device_subca\.csr .* -passin env:GYROIDOS_TEST_PASSWD_PKI /,
  );
  assert.ok(issued.needs.includes('gen_rootca.key'));
  assert.is(plan.jobs.filter(({ id }) => id.endsWith('.csr')).length, 1);
});

suite('an encrypted subject under an issuer without a passphrase needs a request too', () => {
  const plan = planWith({ 'software-signing/ssig.ini': 'passphrase-env = SSIG\n' });
  const issued = plan.jobs.find(({ needs }) => needs.includes('.pki/ssig.csr'))!;
  assert.equal(issued.step.kind === 'command' && issued.step.secrets, []);
});

suite('times of its own: openssl ca on a database that is thrown away', () => {
  const plan = planWith({
    'customer/backend.ini': '[certificate]\nnotBefore = 2026-01-01\ndays = 30\n',
    'software-signing/ssig.ini': '[certificate]\ndays =\nnotAfter = 2026-12-31T23:59:59Z\n',
  });
  const folder = '.pki/scratch/backend';
  const serial = serialOf('backend');
  const issued = jobOf(plan, `.pki/backend_subca/issued/${serial}.pem`);
  assert.equal(issued.needs, [
    ...['request.csr', 'ca.cnf', 'index.txt', 'serial'].map(name => `${folder}/${name}`),
    ...['backend_subca.key', 'backend_subca.cert'],
  ]);
  assert.match(
    lineOf(issued),
    /^openssl ca -batch -preserveDN -config \S+ -extfile \.pki\/backend\.cnf -extensions certificate -in \S+ -cert backend_subca\.cert -keyfile backend_subca\.key -passin \S+ -md sha256 -sigopt rsa_pss_saltlen:digest -startdate 20260101000000Z -enddate 20260131000000Z -out /,
  );
  assert.equal(jobOf(plan, `${folder}/serial`).step, { kind: 'write', text: `${serial}\n` });
  const { step } = jobOf(plan, `${folder}/ca.cnf`);
  assert.ok(step.kind === 'write' && step.text.includes(`database = ${folder}/index.txt\n`));
  const other = lineOf(jobOf(plan, `.pki/ssig_subca/issued/${serialOf('ssig')}.pem`));
  assert.match(other, / -enddate 20261231235959Z -notext -out /);
  assert.not.match(other, / -startdate | -days /);
});

suite('times of its own by an issuer whose algorithm has a digest of its own', () => {
  const flags = { keyType: { kind: 'other', algorithm: 'ed25519' } } as const;
  const plan = planWith({ 'customer/backend.ini': '[certificate]\nnotBefore = 2026-01-01\n' }, flags);
  const line = lineOf(jobOf(plan, `.pki/backend_subca/issued/${serialOf('backend')}.pem`));
  assert.match(line, / -md default -startdate /);
});

suite('a UEFI key keeps no database: what it issued is written where it is published, or put together there', () => {
  const powers = 'basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\ndays = 9\n';
  const leaf = (name: string, more: string) =>
    `issuer = KEK\n${more}[subject]\ncommonName = ${name}\n[certificate]\n${powers}`;
  const plan = planWith({
    'secure-boot/KEK.ini': '[certificate]\nkeyUsage = critical, keyCertSign\n',
    'bare.ini': leaf('Bare', ''),
    'bundled.ini': leaf('Bundled', 'bundle = KEK\n'),
  });
  assert.is(jobOf(plan, 'bare.cert').step.kind, 'command');
  assert.equal(jobOf(plan, 'bundled.cert').step, {
    kind: 'concatenate',
    parts: [{ file: '.pki/scratch/bundled/certificate.pem' }, { file: 'KEK.crt', first: true }],
    mode: 0o644,
  });
});

suite('a CA without [issued] keeps a database of what the configuration has it issue', () => {
  const plan = planWith({
    'policy.ini':
      '[subject]\ncommonName = Policy\n[certificate]\ndays = 99\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n',
    'under.ini':
      'issuer = policy\n[subject]\ncommonName = Under\n[certificate]\ndays = 9\nbasicConstraints = critical, CA:FALSE\n',
  });
  const issued = ['policy', 'under'].map(stem => `.pki/policy/issued/${serialOf(stem)}.pem`);
  assert.equal(jobOf(plan, '.pki/policy/index.txt').step, { kind: 'index', certificates: issued });
  const { step } = jobOf(plan, '.pki/policy.cnf');
  assert.match(step.kind === 'write' ? step.text : '', /^crlnumber = \.pki\/policy\/crlnumber$/m);
});

suite('EC keys that a token holds, a passphrase encrypts, or times of their own need are no part of another command', () => {
  const plan = planWith(
    {
      'software-signing/ssig_rootca.ini': '[key]\nstorage = pkcs11\ntoken = t\nobject = o\n',
      'software-signing/ssig_subca_cml.ini': 'passphrase-env = CML\n',
      'customer/ocsp_server.ini': '[certificate]\nnotBefore = 2026-01-01\n',
    },
    KEY_TYPES.ec,
  );
  const { step } = jobOf(plan, 'ssig_rootca.key');
  assert.equal(step.kind === 'token' && [step.label, step.mayGenerate], ['ssig_rootca', false]);
  for (const stem of ['ssig_subca_cml', 'ocsp_server'])
    assert.match(lineOf(jobOf(plan, `${stem}.key`)), /^openssl genpkey /, stem);
  assert.match(lineOf(plan.jobs.find(({ makes }) => makes.includes('backend.key'))!), /^openssl req .* -newkey EC /);
});

suite('UEFI keys alone have no export of what is there already', () => {
  const { hierarchy } = readShipped();
  const platform = [...hierarchy.values()].filter(({ variable }) => variable).map(({ stem }) => stem);
  const { jobs } = planOf(hierarchy, { wanted: new Set(platform) });
  const made = jobs.flatMap(({ makes }) => makes);
  assert.equal(
    made.filter(file => file.startsWith('certs/')),
    [],
  );
  assert.equal(
    made.filter(file => file.startsWith('ssig')),
    ['ssig_subca.esl'],
  );
});

suite('a self-signed certificate with times of its own signs itself, with the passphrase by name', () => {
  const plan = planWith({ 'customer/gen_rootca.ini': '[certificate]\nnotBefore = 2026-01-01\n' });
  const issued = jobOf(plan, `.pki/gen_rootca/issued/${serialOf('gen_rootca')}.pem`);
  assert.match(lineOf(issued), / -selfsign -keyfile gen_rootca\.key -passin env:GYROIDOS_TEST_PASSWD_PKI /);
  assert.not.match(lineOf(issued), / -cert /);
});

suite('days that end with the issuer are counted from the plan, not from each signature', () => {
  const plan = planWith({ 'customer/backend.ini': '[certificate]\ndays = 2190\n' });
  const issued = jobOf(plan, `.pki/backend_subca/issued/${serialOf('backend')}.pem`);
  assert.match(lineOf(issued), /^openssl ca .* -enddate 20320101030405Z .*-out /);
  assert.not.match(lineOf(issued), /-startdate/);
});

suite('what was made elsewhere is copied: the first certificate, and the key where it is here', () => {
  const ini = (more: string) => ({ 'customer/gen_rootca.ini': `certificate-file = root.pem\n${more}` });
  const issued = `.pki/gen_rootca/issued/${serialOf('gen_rootca')}.pem`;
  const plan = planWith({ ...ini('key-file = root.key\n') });
  const source = (step: Job['step']) => step.kind === 'copy' && [step.source.split('/').at(-1), step.first, step.mode];
  assert.equal(source(jobOf(plan, issued).step), ['root.pem', true, 0o644]);
  assert.equal(source(jobOf(plan, 'gen_rootca.key').step), ['root.key', false, 0o600]);
});

suite('the key of a certificate made elsewhere may lie in a token', () => {
  const plan = planWith({
    'customer/gen_rootca.ini': 'certificate-file = root.pem\n[key]\nstorage = pkcs11\ntoken = t\nobject = o\n',
  });
  assert.is(jobOf(plan, 'gen_rootca.key').step.kind, 'token');
});

for (const [name, files] of Object.entries({
  'a certificate in its own bundle': { 'customer/backend.ini': 'bundle = backend\n' },
  'an issuer whose bundle names what it issues': { 'customer/gen_rootca.ini': 'bundle = guestos_subca\n' },
} satisfies Record<string, OwnFiles>))
  suite(`${name} is a mistake of the configuration`, () => {
    configErrorOf(() => planWith(files));
  });

/** Jobs as golden text: what a rendered file says stands in golden files of its own. */
const describe = ({ jobs, inputs }: Plan): string =>
  asJson({
    inputs,
    jobs: jobs.map(each => {
      const { id, needs, makes, makesKey, step } = each;
      const what = step.kind === 'command' ? { run: commandLine(step), secrets: step.secrets } : step;
      const isRendered = step.kind === 'write' && id.endsWith('.cnf');
      return { id, needs, makes, makesKey, step: isRendered ? `text of golden/cnf/${id.slice(5)}` : what };
    }),
  });

for (const [name, plan] of plans.slice(0, 2))
  suite(`the ${name} plan is as in test/golden/plan-${name}.json`, () => {
    assertGolden(`plan-${name}.json`, describe(plan));
  });

for (const { id, step } of plans[0]![1].jobs)
  if (step.kind === 'write' && id.endsWith('.cnf'))
    suite(`${id} is as in test/golden/cnf`, () => {
      assertGolden(`cnf/${id.slice('.pki/'.length)}`, step.text);
    });

suite.run();
