// verify --production: what a PKI of the shipped configuration lacks, each by its code.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scratch } from '../helpers/door.ts';
import { brief, copyOf, sharedPki, verify } from './sound-pki.ts';

const test = suite('production');
const folder = scratch();

test('without the question nothing is said of it', async () => {
  const findings = brief(await verify(await sharedPki('sound')));
  assert.equal(
    findings.filter(each => each.includes('production-')),
    [],
  );
});

test('keys in files, known passphrases, names, places and missing path lengths of a development PKI', async () => {
  const findings = brief(await verify(await sharedPki('sound'), { isProduction: true }));
  for (const expected of [
    'error production-key-file gen_rootca.key',
    'error production-key-file PK.key',
    'error production-key-file ssig_cml.key',
    'error production-passphrase gen_rootca.key',
    'error production-name ssig.cert',
    'error production-place backend.cert',
    'error production-pathlen device_subca.cert',
  ])
    assert.ok(findings.includes(expected), expected);
  for (const no of ['production-key-file backend.key', 'production-pathlen gen_rootca.cert', 'production-weak'])
    assert.not(
      findings.some(each => each.includes(no)),
      no,
    );
});

test('short RSA keys, SHA-1, and a validity that is longer than configured', async () => {
  const weak = copyOf(await sharedPki('sound'), join(folder, 'weak'), out => {
    const words = ['req', '-new', '-x509', '-config', '/dev/null', '-subj', '/CN=x', '-newkey', 'rsa:2048', '-sha1'];
    const args = [...words, '-noenc', '-keyout', join(out, 'backend.key'), '-out', join(out, 'backend.cert')];
    execFileSync('openssl', args, { stdio: 'ignore' });
  });
  const findings = (await verify(weak, { isProduction: true })).filter(({ code }) => code === 'production-weak');
  assert.is(findings.length, 2);
  mkdirSync(join(folder, 'conf/customer'), { recursive: true });
  writeFileSync(join(folder, 'conf/customer/ocsp_server.ini'), '[certificate]\ndays = 9\n');
  const options = { isProduction: true, configurationFolders: [join(folder, 'conf')] };
  const long = brief(await verify(await sharedPki('sound'), options)).filter(each => each.includes('validity'));
  assert.equal(long, ['error production-validity ocsp_server.cert']);
});

test.run();
