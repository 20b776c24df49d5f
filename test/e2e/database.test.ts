// The CA databases and rendered configurations by hand, as a shell user would: sign, revoke, list, answer.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { door, scratch, tool } from '../helpers/door.ts';

const test = suite('database by hand');
const folder = scratch();
const P = { GYROIDOS_TEST_PASSWD_PKI: 'test1234' };

for (const keyType of ['rsa:2048', 'ec:prime256v1', 'ed25519']) {
  const out = join(folder, keyType.replace(':', '-'));
  const openssl = (...args: string[]) => tool('openssl', args, out, P);
  const pss = keyType.startsWith('rsa') ? ['-sigopt', 'rsa_pss_saltlen:digest'] : [];
  const ca = (...args: string[]) =>
    openssl(
      'ca',
      '-batch',
      '-config',
      '.pki/device_subca.cnf',
      '-passin',
      'env:GYROIDOS_TEST_PASSWD_PKI',
      ...pss,
      ...args,
    );

  test(`${keyType}: device_subca signs a request, copies its names and gives its own usages`, async () => {
    assert.is((await door([out, keyType])).status, 0);
    openssl(
      'req',
      '-new',
      '-newkey',
      'rsa:3072',
      '-noenc',
      '-keyout',
      '../dev.key',
      '-subj',
      '/C=DE/O=Maker/CN=device 1/serialNumber=7',
      '-addext',
      'subjectAltName=URI:UUID:1b4e28ba-2fa1-11d2-883f-0016d3cca427',
      '-addext',
      'keyUsage=keyCertSign',
      '-addext',
      'basicConstraints=CA:TRUE',
      '-out',
      '../dev.csr',
    );
    ca('-in', '../dev.csr', '-notext', '-out', '../dev.cert', '-extensions', 'issued_rsa');
    const text = openssl('x509', '-in', '../dev.cert', '-noout', '-text');
    assert.match(text, /URI:UUID:1b4e28ba/);
    assert.match(text, /CA:FALSE/);
    assert.match(text, /Key Usage: critical\s+Digital Signature, Non Repudiation, Key Encipherment\n/);
    assert.match(text, /TLS Web Client Authentication/);
    openssl(
      'verify',
      '-x509_strict',
      '-purpose',
      'sslclient',
      '-CAfile',
      'gen_rootca.cert',
      '-untrusted',
      'device_subca.cert',
      '../dev.cert',
    );
    ca('-in', '../dev.csr', '-notext', '-out', '../dev2.cert');
    assert.not.match(openssl('x509', '-in', '../dev2.cert', '-noout', '-ext', 'keyUsage'), /Encipherment/);
  });

  test(`${keyType}: what was generated can be revoked, and OCSP clients accept the answers`, () => {
    const backend = (...args: string[]) =>
      openssl('ca', '-config', '.pki/backend_subca.cnf', '-passin', 'env:GYROIDOS_TEST_PASSWD_PKI', ...pss, ...args);
    const status = () => {
      const subject = ['-issuer', 'backend_subca.cert', '-cert', 'backend.cert', '-no_nonce'];
      openssl(
        'ocsp',
        '-index',
        '.pki/backend_subca/index.txt',
        '-rsigner',
        'ocsp_server.cert',
        '-rkey',
        'ocsp_server.key',
        '-CA',
        'backend_subca.cert',
        '-respout',
        '../answer',
        ...subject,
      );
      return openssl(
        'ocsp',
        '-respin',
        '../answer',
        '-CAfile',
        'gen_rootca.cert',
        '-verify_other',
        'backend_subca.cert',
        ...subject,
      );
    };
    // openssl ocsp signs with a digest always, which EdDSA keys refuse.
    if (keyType !== 'ed25519') assert.match(status(), /backend.cert: good/);
    backend('-revoke', 'backend.cert');
    if (keyType !== 'ed25519') assert.match(status(), /backend.cert: revoked/);
    backend('-gencrl', '-out', '../backend.crl');
    assert.match(
      openssl('crl', '-in', '../backend.crl', '-noout', '-text'),
      /CRL Number:\s+1\n[\s\S]*Revoked Certificates:/,
    );
    assert.match(
      readFileSync(join(out, '.pki/backend_subca/index.txt'), 'utf8'),
      /^R\t\d+Z\t\d+Z\t[0-9A-F]{40}\tunknown\t\/C=DE\/O=OSS Release\/OU=Development\/CN=trustme Backend Certificate$/m,
    );
  });

  test(`${keyType}: every database lists what its CA issued`, () => {
    for (const [name, count] of [
      ['gen_rootca', 5],
      ['ssig_rootca', 3],
      ['ssig_subca', 1],
      ['ssig_subca_cml', 1],
      ['backend_subca', 2],
    ] as const) {
      const rows = readFileSync(join(out, `.pki/${name}/index.txt`), 'utf8')
        .trim()
        .split('\n');
      assert.is(rows.length, count, name);
      for (const row of rows) {
        const [, expiry, , serial] = row.split('\t') as [string, string, string, string];
        const text = openssl(
          'x509',
          '-in',
          `.pki/${name}/issued/${serial}.pem`,
          '-noout',
          '-serial',
          '-enddate',
          '-dateopt',
          'iso_8601',
        );
        assert.match(text, new RegExp(`serial=${serial}\n`));
        assert.is(text.match(/notAfter=(.*)/)![1]!.replaceAll(/[-: ]/g, ''), `20${expiry}`);
      }
    }
    openssl('ca', '-config', '.pki/gen_rootca.cnf', '-passin', 'env:GYROIDOS_TEST_PASSWD_PKI', '-updatedb');
  });
}

test.run();
