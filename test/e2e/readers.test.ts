// What reads the result: TLS clients, signers of configurations and modules, each with the real tool.
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, door, isMissing, scratch, tool } from '../helpers/door.ts';

const test = suite('readers');
const folder = scratch();
const artifact = join(folder, 'artifact');
writeFileSync(artifact, 'name: "a0"\n'.repeat(100));

const freePort = (): Promise<number> =>
  new Promise(done => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });

/** openssl's TLS server with the backend's key and chain; resolves when it listens. */
async function serve(out: string, port: number): Promise<ChildProcess> {
  const args = [
    's_server',
    '-accept',
    `127.0.0.1:${port}`,
    '-key',
    'backend.key',
    '-cert',
    'backend.cert',
    '-cert_chain',
    'backend.cert',
    '-www',
  ];
  const server = spawn('openssl', args, {
    cwd: out,
    env: cleanEnvironment({ OPENSSL_CONF: '/dev/null' }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise(done => server.stdout!.on('data', text => String(text).includes('ACCEPT') && done(undefined)));
  return server;
}

/** Verifies a detached signature over the artifact under ssig_rootca. */
function verifyCms(out: string, form: 'PEM' | 'DER', signature: string, extra: string[] = []): void {
  const args = ['cms', '-verify', '-binary', '-inform', form, '-in', signature, '-content', artifact, ...extra];
  tool('openssl', [...args, '-CAfile', 'ssig_rootca.cert', '-purpose', 'any', '-out', '/dev/null'], out);
}

for (const keyType of ['rsa:2048', 'ec:prime256v1']) {
  const out = join(folder, keyType.replace(':', '-'));
  const isRsa = keyType.startsWith('rsa');

  test(`${keyType}: curl and GnuTLS accept the backend by name under gen_rootca`, async () => {
    assert.is((await door([out, keyType])).status, 0);
    const port = await freePort();
    const server = await serve(out, port);
    try {
      if (!isMissing('curl'))
        assert.match(
          tool('curl', [
            '-sS',
            '--cacert',
            join(out, 'gen_rootca.cert'),
            '--resolve',
            `localhost:${port}:127.0.0.1`,
            `https://localhost:${port}/`,
          ]),
          /TLSv1\.3/,
        );
      if (!isMissing('gnutls-cli'))
        tool(
          'sh',
          ['-c', `gnutls-cli --x509cafile gen_rootca.cert --verify-hostname localhost -p ${port} 127.0.0.1 </dev/null`],
          out,
        );
    } finally {
      server.kill('SIGKILL');
    }
  });

  test(`${keyType}: a configuration signed by ssig_cml verifies, as .sig and as CMS`, () => {
    const pss = isRsa ? ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest'] : [];
    const [signature, cms, key] = ['sig', 'p7s', 'pub'].map(extension => join(folder, `artifact.${extension}`)) as [
      string,
      string,
      string,
    ];
    tool('openssl', ['dgst', '-sha512', '-sign', 'ssig_cml.key', ...pss, '-out', signature, artifact], out);
    writeFileSync(key, tool('openssl', ['x509', '-in', 'ssig_cml.cert', '-noout', '-pubkey'], out));
    assert.match(
      tool('openssl', ['dgst', '-sha512', '-verify', key, ...pss, '-signature', signature, artifact], out),
      /Verified OK/,
    );
    const keyopt = isRsa ? ['-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_pss_saltlen:digest'] : [];
    tool(
      'openssl',
      [
        'cms',
        '-sign',
        '-binary',
        '-md',
        'sha512',
        '-in',
        artifact,
        '-signer',
        'ssig_cml.cert',
        '-certfile',
        'ssig_subca_cml.cert',
        '-inkey',
        'ssig_cml.key',
        ...keyopt,
        '-outform',
        'PEM',
        '-out',
        cms,
      ],
      out,
    );
    verifyCms(out, 'PEM', cms);
  });

  test(`${keyType}: certs/signing_key.pem signs as the kernel build signs modules, and signing_key.x509 verifies it`, () => {
    const signature = join(folder, 'module.p7s');
    tool(
      'openssl',
      [
        'cms',
        '-sign',
        '-binary',
        '-noattr',
        '-nosmimecap',
        '-nocerts',
        '-md',
        'sha256',
        '-in',
        artifact,
        '-signer',
        'certs/signing_key.pem',
        '-inkey',
        'certs/signing_key.pem',
        '-outform',
        'DER',
        '-out',
        signature,
      ],
      out,
    );
    const certificate = join(folder, 'module.crt');
    tool('openssl', ['x509', '-inform', 'DER', '-in', 'certs/signing_key.x509', '-out', certificate], out);
    verifyCms(out, 'DER', signature, ['-certfile', certificate]);
  });
}

test.run();
