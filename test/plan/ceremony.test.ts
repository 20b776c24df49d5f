// Requests whose certificates are made elsewhere.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { planRequests } from '../../scripts/lib/plan/ceremony.ts';
import type { IssuingInputs } from '../../scripts/lib/plan/issuing.ts';
import type { Plan } from '../../scripts/lib/plan/plan.ts';
import { idsOf, jobOf, lineOf } from '../helpers/jobs.ts';
import { entityOf, type OwnFiles, readShipped, serialOf, templateOf } from '../helpers/shipped.ts';

const suite = makeSuite('ceremony');

const planFor = (stems: readonly string[], files: OwnFiles = {}, extra: Partial<IssuingInputs> = {}): Plan => {
  const configuration = readShipped(files);
  return planRequests(
    stems.map(stem => entityOf(configuration, stem)),
    {
      templateOf,
      version: '0.0.0',
      passphraseOf: ({ passphraseVariables }) => passphraseVariables[0],
      serialOf,
      tokenRoad: 'engine',
      ...extra,
    },
    ({ stem }) => stem === 'backend',
  );
};

suite('configuration, key and request of each entity, and no certificate', () => {
  const plan = planFor(['device_subca', 'ssig_subca']);
  assert.equal(idsOf(plan), [
    ...['.pki/device_subca.cnf', 'device_subca.key', '.pki/device_subca.csr'],
    ...['.pki/ssig_subca.cnf', 'ssig_subca.key', '.pki/ssig_subca.csr'],
  ]);
  assert.equal(plan.inputs, []);
  const request = jobOf(plan, '.pki/device_subca.csr');
  assert.equal(request.needs, ['.pki/device_subca.cnf', 'device_subca.key']);
  assert.match(lineOf(request), /^openssl req -new .* -out \.pki\/device_subca\.csr$/);
  assert.not.match(lineOf(request), /-x509/);
});

suite('a request asks for the names where that is wanted, and for no other extension', () => {
  const plan = planFor(['backend', 'user_subca']);
  const [asking, other] = ['backend', 'user_subca'].map(stem => lineOf(jobOf(plan, `.pki/${stem}.csr`)));
  assert.match(asking!, / -reqexts request_extensions /);
  assert.not.match(other!, /-reqexts/);
  const { step } = jobOf(plan, '.pki/backend.cnf');
  assert.match(step.kind === 'write' ? step.text : '', /\n\[request_extensions\]\nsubjectAltName = DNS:localhost\n$/);
});

suite('a key that is there is used, and read from the directory', () => {
  const plan = planFor(['device_subca'], {}, { keysAtHand: new Set(['device_subca']) });
  assert.equal(idsOf(plan), ['.pki/device_subca.cnf', '.pki/device_subca.csr']);
  assert.equal(plan.inputs, ['device_subca.key']);
});

suite('a key in a token is looked for there, and made where that is allowed', () => {
  const files = { 'customer/device_subca.ini': '[key]\nstorage = pkcs11\ntoken = t\nobject = o\npin-env = MY_PIN\n' };
  for (const mayGenerateInTokens of [true, false]) {
    const plan = planFor(['device_subca'], files, { mayGenerateInTokens });
    const { step, makesKey } = jobOf(plan, 'device_subca.key');
    assert.ok(makesKey);
    assert.equal(step.kind === 'token' && [step.mayGenerate, step.label], [mayGenerateInTokens, 'device_subca']);
    const request = jobOf(plan, '.pki/device_subca.csr').step;
    assert.equal(request.kind === 'command' && request.secrets, ['MY_PIN']);
    assert.match(request.kind === 'command' ? request.args.join(' ') : '', /-key org\.openssl\.engine:pkcs11:pkcs11:/);
  }
});

suite.run();
