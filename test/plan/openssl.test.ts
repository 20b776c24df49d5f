import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Entity } from '../../scripts/lib/model/types.ts';
import {
  generateKey,
  issueCertificate,
  keyAlgorithm,
  requestCertificate,
  signatureOptions,
  signRequest,
} from '../../scripts/lib/plan/openssl.ts';
import { privateKey } from '../../scripts/lib/plan/private-key.ts';
import { entityOf, planOf, readShipped } from '../helpers/shipped.ts';

const suite = makeSuite('openssl');

const shipped = readShipped();
const root = entityOf(shipped, 'gen_rootca');
const pss = entityOf(shipped, 'backend_subca');
const backend = entityOf(shipped, 'backend');
const withKey = (entity: Entity, keyType: Entity['keyType']): Entity => ({ ...entity, keyType });
const ed25519 = withKey(pss, { kind: 'other', algorithm: 'ed25519' });
const ec = withKey(pss, { kind: 'ec', curve: 'secp384r1' });

const line = ({ args }: { args: readonly string[] }): string => args.join(' ');
const issue = (entity: Entity, issuer: Entity | undefined, passphrase?: string) =>
  issueCertificate({
    entity,
    key: { existing: privateKey('subject', undefined, issuer ? undefined : passphrase, 'engine') },
    issuer: issuer && {
      entity: issuer,
      certificate: 'issuer.cert',
      key: privateKey('issuer', undefined, passphrase, 'engine'),
    },
    configuration: 'subject.cnf',
    serial: '4A',
    out: 'out.pem',
  });

suite('each key type is spelled as genpkey takes it', () => {
  assert.equal(keyAlgorithm({ kind: 'rsa', bits: 3072 }, false), {
    algorithm: 'RSA',
    options: ['-pkeyopt', 'rsa_keygen_bits:3072'],
  });
  assert.is(keyAlgorithm({ kind: 'rsa', bits: 3072 }, true).algorithm, 'RSA-PSS');
  assert.equal(keyAlgorithm(ec.keyType, true), {
    algorithm: 'EC',
    options: ['-pkeyopt', 'ec_paramgen_curve:secp384r1', '-pkeyopt', 'ec_param_enc:named_curve'],
  });
  assert.equal(keyAlgorithm(ed25519.keyType, true), { algorithm: 'ed25519', options: [] });
});

suite('an encrypted key is made with AES-256 and the name of its variable', () => {
  assert.equal(generateKey(root, 'x.key', 'NAME'), {
    kind: 'command',
    tool: 'openssl',
    args: 'genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -aes-256-cbc -pass env:NAME -out x.key'.split(' '),
    secrets: ['NAME'],
  });
});

suite('a key without a passphrase has no cipher and no secret', () => {
  const { args, secrets } = generateKey(pss, 'x.key', undefined);
  assert.equal(args, 'genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:4096 -out x.key'.split(' '));
  assert.equal(secrets, []);
});

const signatures: readonly [name: string, signer: Entity, expected: string[]][] = [
  ['an rsaEncryption key', root, ['-sha256']],
  ['an rsassaPss key', pss, ['-sha256', '-sigopt', 'rsa_pss_saltlen:digest']],
  ['an rsassaPss key with SHA-384', { ...pss, digest: 'sha384' }, ['-sha384', '-sigopt', 'rsa_pss_saltlen:digest']],
  ['an EC key of scheme rsa-pss', ec, ['-sha256']],
  ['an Ed25519 key', ed25519, []],
];
for (const [name, signer, expected] of signatures)
  suite(`${name} signs with "${expected.join(' ')}"`, () => {
    assert.equal(signatureOptions(signer), expected);
  });

suite('the issuer, not the subject, decides how a certificate is signed', () => {
  assert.match(line(issue(backend, pss)), / -sha256 -sigopt rsa_pss_saltlen:digest /);
  assert.not.match(line(issue(pss, root)), /saltlen/);
  assert.not.match(line(issue(backend, ed25519)), /-sha|-sigopt/);
});

suite('a self-signed certificate is issued with its own [certificate] section and no issuer', () => {
  assert.is(
    line(issue(root, undefined, 'NAME')),
    'req -new -x509 -batch -config subject.cnf -extensions certificate -key subject.key -passin env:NAME -sha256 ' +
      '-set_serial 0x4A -days 3650 -out out.pem',
  );
});

suite('a certificate with text gets -text, any other none', () => {
  assert.match(line(issue(backend, pss)), / -days 1095 -text -out out\.pem$/);
  assert.not.match(line(issue(entityOf(shipped, 'ssig'), root)), /-text/);
});

suite('a key that the same command makes is not encrypted and goes to its own file', () => {
  const made = issueCertificate({
    entity: ed25519,
    key: { made: 'x.key' },
    issuer: undefined,
    configuration: 'x.cnf',
    serial: '4A',
    out: 'x.pem',
  });
  assert.match(line(made), / -newkey ed25519 -noenc -keyout x\.key /);
  assert.equal(made.secrets, []);
});

suite('a request is signed by the subject and a request is certified by the issuer, each with one passphrase', () => {
  const request = requestCertificate(pss, privateKey('x', undefined, 'OWN', 'engine'), 'x.cnf', 'x.csr');
  assert.is(
    line(request),
    'req -new -batch -config x.cnf -key x.key -passin env:OWN -sha256 -sigopt rsa_pss_saltlen:digest -out x.csr',
  );
  assert.equal(request.secrets, ['OWN']);
  const signed = signRequest({
    entity: pss,
    issuer: { entity: root, certificate: 'r.cert', key: privateKey('r', undefined, 'ISSUER', 'engine') },
    request: 'x.csr',
    configuration: 'x.cnf',
    serial: '4A',
    out: 'x.pem',
  });
  assert.is(
    line(signed),
    'x509 -req -in x.csr -extfile x.cnf -extensions certificate -CA r.cert -CAkey r.key -passin env:ISSUER -sha256 ' +
      '-set_serial 0x4A -days 2190 -text -out x.pem',
  );
  assert.equal(signed.secrets, ['ISSUER']);
});

suite('no command of the shipped plan has a passphrase in it; a named variable is a secret of that command', () => {
  for (const { step } of planOf(shipped.hierarchy).jobs) {
    assert.not.ok(JSON.stringify(step).includes('test1234'));
    if (step.kind !== 'command') continue;
    const named = step.args.filter(word => word.startsWith('env:')).map(word => word.slice('env:'.length));
    assert.equal([...new Set(named)], [...step.secrets]);
    const given = step.args.filter((_, i) => /^-pass(in|out)?$/.test(step.args[i - 1] ?? ''));
    assert.ok(given.every(word => word.startsWith('env:')));
  }
});

suite.run();
