// ocsp: what standard clients make of the answers, for several CAs, and what goes wrong.
import type { ChildProcess } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, isMissing, MAIN, ROOT, scratch, start, tool } from '../helpers/door.ts';
import { runProgram } from '../helpers/program.ts';

const test = suite('ocsp');
const folder = scratch();
const base = join(folder, 'base');
const launch = (words: readonly string[], extra: NodeJS.ProcessEnv = {}) =>
  start(process.execPath, [MAIN, ...words], { cwd: folder, env: cleanEnvironment(extra) });
const program = (...words: string[]) => runProgram(words, folder);

async function succeed(...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await program(...words);
  assert.is(status, 0, stderr);
  return stdout;
}

test.before(async () => {
  await succeed('generate', '--dir', 'base', '--key-type', 'ec:prime256v1', '--quiet');
});

function copyOf(name: string): string {
  cpSync(base, join(folder, name), { recursive: true });
  return join(folder, name);
}

interface Serving {
  readonly url: string;
  readonly child: ChildProcess;
  readonly ended: ReturnType<typeof launch>['ended'];
}

/** A responder of ours on a free port; `ended` comes after `child.kill`. */
function serve(ca: string, path: string, extra?: NodeJS.ProcessEnv): Promise<Serving> {
  const { child, ended } = launch(['ocsp', '--serve', ca, '--port', '0', '--json', '--dir', path], extra);
  return new Promise((resolve, reject) => {
    child.stdout!.once('data', line => resolve({ url: JSON.parse(String(line)).url, child, ended }));
    ended.then(({ stderr }) => reject(new Error(stderr)), reject);
  });
}

async function whileServing(
  ca: string,
  path: string,
  work: (url: string) => unknown,
  extra?: NodeJS.ProcessEnv,
): Promise<void> {
  const { url, child, ended } = await serve(ca, path, extra);
  try {
    await work(url);
  } finally {
    child.kill('SIGTERM');
  }
  const { status, stderr } = await ended;
  assert.is(status, 143);
  assert.match(stderr, /trustme-pki: ended by SIGTERM\n$/);
  assert.not.match(stderr, /interrupted/);
}

/** What `openssl ocsp` says as a client that trusts the root. */
function ask(path: string, url: string, ca: string, certificate: string): string {
  const trust = ['-CAfile', 'gen_rootca.cert', '-no-CApath', '-no-CAstore', '-verify_other', `${ca}.cert`];
  const words = ['ocsp', '-url', url, '-issuer', `${ca}.cert`, '-cert', certificate, ...trust];
  return tool('openssl', words, path);
}

test('openssl and GnuTLS accept the answers; revoked, held and released are told at once', async () => {
  const path = copyOf('statuses');
  await whileServing('backend_subca', path, async url => {
    assert.match(ask(path, url, 'backend_subca', 'backend.cert'), /backend\.cert: good\n.*\n\tNext Update/);
    await succeed('revoke', 'backend', '--reason', 'certificateHold', '--dir', path);
    assert.match(ask(path, url, 'backend_subca', 'backend.cert'), /revoked\n[\s\S]*Reason: certificateHold/);
    await succeed('revoke', 'backend', '--reason', 'removeFromCRL', '--dir', path);
    assert.match(ask(path, url, 'backend_subca', 'backend.cert'), /backend\.cert: good/);
    await succeed('revoke', 'backend', '--reason', 'keyCompromise', '--dir', path);
    assert.match(ask(path, url, 'backend_subca', 'backend.cert'), /revoked\n[\s\S]*Reason: keyCompromise/);
    if (isMissing('ocsptool')) return;
    for (const stem of ['backend', 'backend_subca', 'gen_rootca'])
      tool('openssl', ['x509', '-in', `${stem}.cert`, '-out', join(folder, `${stem}.pem`)], path);
    const words = [
      '--load-cert',
      'backend.pem',
      '--load-issuer',
      'backend_subca.pem',
      '--load-trust',
      'backend_subca.pem',
    ];
    const seen = tool('ocsptool', [`--ask=${url}`, ...words], folder);
    assert.match(seen, /Certificate Status: revoked/);
    assert.match(seen, /Verifying OCSP Response: Success/);
  });
});

test("a CA of one's own without the profile of a responder is told to get one, and gets it by --conf", async () => {
  const conf = join(folder, 'own-ca');
  const powers = 'days = 300\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n';
  const ini = `issuer = gen_rootca\n[subject]\ncommonName = Own\n[certificate]\n${powers}`;
  mkdirSync(conf);
  writeFileSync(join(conf, 'own.ini'), ini);
  const made = await program('generate', '--dir', 'own', '--conf', conf, '--key-type', 'ec:prime256v1', '--quiet');
  assert.is(made.status, 0, made.stderr);
  const before = await program('ocsp', '--command', 'own', '--dir', 'own');
  assert.is(before.status, 1);
  assert.match(
    before.stderr,
    /hint: add a section \[issued ocsp\] to own\.ini, as in docs\/operation\.md, then: trustme-pki issue own own_ocsp --profile ocsp --dir own --conf FOLDER\n$/,
  );
  const section = /^```ini\n(\[issued ocsp\]\n.*?)^```$/ms.exec(
    readFileSync(join(ROOT, 'docs/operation.md'), 'utf8'),
  )![1]!;
  writeFileSync(join(conf, 'own.ini'), ini + section);
  const hinted = await program('ocsp', '--command', 'own', '--dir', 'own', '--conf', conf);
  assert.match(hinted.stderr, /hint: make one: trustme-pki issue own own_ocsp --profile ocsp --dir own/);
  const issued = await program('issue', 'own', 'own_ocsp', '--profile', 'ocsp', '--dir', 'own', '--conf', conf);
  assert.is(issued.status, 0, issued.stderr);
  assert.is((await program('ocsp', '--command', 'own', '--dir', 'own')).status, 0);
});

test('other CAs answer by a responder certificate of their own', async () => {
  const path = copyOf('others');
  const before = await program('ocsp', 'device_subca', '--dir', path);
  assert.is(before.status, 1);
  assert.match(before.stderr, /hint: make one: trustme-pki issue gen_rootca gen_rootca_ocsp --profile ocsp/);
  for (const [ca, certificate] of [
    ['gen_rootca', 'device_subca'],
    ['user_subca', 'alice'],
  ] as const) {
    await succeed('issue', ca, `${ca}_ocsp`, '--profile', 'ocsp', '--dir', path);
    if (certificate === 'alice') await succeed('issue', ca, 'alice', '--dir', path);
    assert.match(
      await succeed('ocsp', certificate, '--dir', path),
      new RegExp(`^${certificate}: good \\(${ca}, serial`),
    );
    await whileServing(ca, path, url => {
      assert.match(ask(path, url, ca, `${certificate}.cert`), /: good\n/);
    });
  }
});

test('an unknown certificate is unknown, also when its serial number is asked for by its own name', async () => {
  const path = copyOf('unknown');
  const words = ['ocsp', '-issuer', 'backend_subca.cert', '-serial', '0x1234', '-no_nonce', '-reqout', 'request.der'];
  tool('openssl', words, path);
  await whileServing('backend_subca', path, async url => {
    const body = readFileSync(join(path, 'request.der'));
    const posted = await fetch(url, { method: 'POST', body });
    assert.is(posted.headers.get('content-type'), 'application/ocsp-response');
    writeFileSync(join(path, 'posted.der'), Buffer.from(await posted.arrayBuffer()));
    const got = await fetch(`${url}/${encodeURIComponent(body.toString('base64'))}`);
    writeFileSync(join(path, 'got.der'), Buffer.from(await got.arrayBuffer()));
    for (const file of ['posted.der', 'got.der'])
      assert.match(tool('openssl', ['ocsp', '-respin', file, '-noverify', '-resp_text'], path), /Cert Status: unknown/);
    // Garbage is answered, and stops nothing.
    const garbage = await fetch(url, { method: 'POST', body: 'garbage' });
    assert.is(Buffer.from(await garbage.arrayBuffer()).toString('hex'), '30030a0101');
    const noRequest = await fetch(url, { method: 'POST', body: Buffer.from('3003020101', 'hex') });
    assert.is(Buffer.from(await noRequest.arrayBuffer()).toString('hex'), '30030a0101');
    assert.is((await fetch(url, { method: 'POST', body: Buffer.alloc(70_000) })).status, 413);
    assert.is((await fetch(url, { method: 'PUT', body })).status, 405);
    assert.match(ask(path, url, 'backend_subca', 'backend.cert'), /good/);
  });
});

test('it answers where two certificates have one subject, as after a renewal', async () => {
  const path = copyOf('twins');
  const subject = ['--subject', 'CN=twin'];
  await succeed('issue', 'backend_subca', 'first', ...subject, '--dir', path);
  await succeed('issue', 'backend_subca', 'second', ...subject, '--dir', path);
  await succeed('revoke', 'first', '--dir', path);
  const revoked = await program('ocsp', 'first', '--dir', path, '--json');
  assert.is(revoked.status, 1);
  assert.is(JSON.parse(revoked.stdout).status, 'revoked');
  assert.match(await succeed('ocsp', 'second', '--dir', path), /^second: good/);
});

test('a TLS server staples the answer, and curl checks it', async () => {
  const path = copyOf('stapling');
  const site = ['--san', 'DNS:localhost', '--san', 'IP:127.0.0.1'];
  await succeed('issue', 'backend_subca', 'site', ...site, '--dir', path);
  await succeed('ocsp', 'site', '--output', join(path, 'site.ocsp'), '--dir', path);
  const port = await freePort();
  const words = ['s_server', '-accept', `127.0.0.1:${port}`, '-cert', 'site.cert', '-key', 'site.key', '-www'];
  const served = start('openssl', [...words, '-cert_chain', 'site.cert', '-status_file', 'site.ocsp'], { cwd: path });
  try {
    await waitUntil(served.child, /ACCEPT/);
    const client = ['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', 'gen_rootca.cert', '-status', '-brief'];
    tool('openssl', client, path);
    const curl = ['--silent', '--show-error', '--cacert', 'gen_rootca.cert', '--cert-status'];
    if (!isMissing('curl')) assert.match(tool('curl', [...curl, `https://localhost:${port}/`], path), /HTML/);
  } finally {
    served.child.kill('SIGKILL');
    await served.ended;
  }
});

test('what goes wrong is told', async () => {
  const path = copyOf('wrong');
  const typo = await program('ocsp', '--serve', 'backend_subc', '--dir', path);
  assert.is(typo.status, 2);
  assert.match(typo.stderr, /has no CA "backend_subc"\n.*did you mean "backend_subca"\?/);
  const nothing = await program('ocsp', '--dir', path);
  assert.is(nothing.status, 2);
  assert.match(nothing.stderr, /CERT is missing/);
  const [server, port] = await occupy();
  const busy = await program('ocsp', '--serve', 'backend_subca', '--port', String(port), '--dir', path);
  server.close();
  assert.is(busy.status, 1);
  assert.match(
    busy.stderr,
    new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: another program has it \\(EADDRINUSE\\)\n.*--port`),
  );
  assert.is((await program('ocsp', '--serve', 'backend_subca', '--port', '70000', '--dir', path)).status, 2);
  const told = JSON.parse(await succeed('ocsp', '--command', 'backend_subca', '--json', '--dir', path));
  assert.match(told.command, /^cd .* && openssl ocsp -port 2560 /);
  assert.is(told.responder, 'ocsp_server.cert');
  await succeed('revoke', 'ocsp_server', '--dir', path);
  const revoked = await program('ocsp', 'backend', '--dir', path);
  assert.match(
    revoked.stderr,
    /responder certificate "ocsp_server\.cert" has expired, is not valid yet, or is revoked\n.*--profile ocsp/,
  );
  await succeed('issue', 'backend_subca', 'backend_subca_ocsp', '--profile', 'ocsp', '--dir', path);
  assert.match(await succeed('ocsp', 'backend', '--dir', path), /^backend: good/);
  appendFileSync(join(path, '.pki/backend_subca/index.txt'), 'half a row');
  const half = await program('ocsp', 'backend', '--dir', path);
  assert.is(half.status, 1);
  assert.match(half.stderr, /index\.txt" line [0-9]+: it has 1 fields, not 6/);
});

test('nothing is good below a CA that is revoked, also where a server was running before', async () => {
  const path = copyOf('revoked-above');
  await whileServing('backend_subca', path, async url => {
    await succeed('revoke', 'backend_subca', '--reason', 'CACompromise', '--dir', path);
    assert.throws(
      () => ask(path, url, 'backend_subca', 'backend.cert'),
      (error: { stdout: string; stderr: string }) => /internalerror/.test(error.stdout + error.stderr),
    );
  });
  for (const words of [['backend'], ['--serve', 'backend_subca', '--port', '0'], ['--command', 'backend_subca']]) {
    const { status, stdout, stderr } = await program('ocsp', ...words, '--dir', path);
    assert.is(status, 1, stdout);
    assert.match(stderr, /backend_subca was revoked by gen_rootca \(CACompromise\)\n.*rekey backend_subca --cascade/);
  }
});

test('a server that runs signs no answer any more by a responder certificate that was revoked since it began', async () => {
  const path = copyOf('revoked-responder');
  await whileServing('backend_subca', path, async url => {
    assert.match(ask(path, url, 'backend_subca', 'backend.cert'), /backend\.cert: good/);
    await succeed('revoke', 'ocsp_server', '--reason', 'keyCompromise', '--dir', path);
    assert.throws(
      () => ask(path, url, 'backend_subca', 'backend.cert'),
      (error: { stdout: string; stderr: string }) => /internalerror/.test(error.stdout + error.stderr),
    );
  });
});

test('a responder certificate that does not hold signs no answer: not yet, or not any more', async () => {
  if (isMissing('faketime')) return;
  const path = copyOf('no-responder');
  const at = async (clock: string, ...words: string[]) =>
    start('faketime', [clock, process.execPath, MAIN, ...words, '--dir', path], {
      cwd: folder,
      env: cleanEnvironment(),
    }).ended;
  assert.is((await at('+1 day', 'issue', 'backend_subca', 'tomorrow', '--profile', 'ocsp')).status, 0);
  await succeed('revoke', 'ocsp_server', '--dir', path);
  const refused = await program('ocsp', 'backend', '--dir', path);
  assert.match(refused.stderr, /certificate "[a-z_]+\.cert" has expired, is not valid yet, or is revoked\n/);
  await succeed('issue', 'backend_subca', 'short', '--profile', 'ocsp', '--days', '1', '--dir', path);
  const clock = join(folder, 'clock');
  writeFileSync(clock, '+0');
  const faked = {
    ...{ LD_PRELOAD: tool('faketime', ['now', 'printenv', 'LD_PRELOAD']).trim(), FAKETIME_TIMESTAMP_FILE: clock },
    ...{ FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' },
  };
  const work = async (url: string) => {
    assert.match(ask(path, url, 'backend_subca', 'backend.cert'), /backend\.cert: good/);
    writeFileSync(clock, '+36h');
    assert.throws(
      () => ask(path, url, 'backend_subca', 'backend.cert'),
      (error: { stdout: string; stderr: string }) => /internalerror/.test(error.stdout + error.stderr),
    );
  };
  await whileServing('backend_subca', path, work, faked);
});

function waitUntil(child: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = '';
    child.stdout!.on('data', chunk => {
      seen += chunk;
      if (pattern.test(seen)) resolve();
    });
    child.once('close', () => reject(new Error(`it ended: ${seen}`)));
  });
}

function occupy(): Promise<[Server, number]> {
  const server = createServer();
  return new Promise(resolve =>
    server.listen(0, '127.0.0.1', () => resolve([server, (server.address() as AddressInfo).port])),
  );
}

async function freePort(): Promise<number> {
  const [server, port] = await occupy();
  await new Promise(resolve => server.close(resolve));
  return port;
}

test('a tool that wrote nothing, as on a full disk, is told', async () => {
  // Openssl is silent about answers that it cannot write.
  const tools = join(folder, 'silent');
  mkdirSync(tools);
  const openssl = tool('sh', ['-c', 'command -v openssl']).trim();
  const silent = `#!/bin/sh\ncase "$*" in *-respout*) exit 0 ;; esac\nexec ${openssl} "$@"\n`;
  writeFileSync(join(tools, 'openssl'), silent, { mode: 0o755 });
  const env = cleanEnvironment({ PATH: `${tools}:${process.env.PATH}` });
  const words = [MAIN, 'ocsp', 'backend', '--dir', 'base'];
  const { status, stderr } = await start(process.execPath, words, { cwd: folder, env }).ended;
  assert.is(status, 1);
  assert.match(stderr, /error: openssl ocsp wrote nothing to "/);
});

test('an answer takes the place of an older one, and of nothing else of the PKI', async () => {
  const path = copyOf('answers');
  for (const _ of [1, 2]) await succeed('ocsp', 'backend', '--dir', 'answers', '--output', 'answers/backend.der');
  for (const file of ['backend.cert', 'backend_subca.key', '.pki/backend_subca/index.txt']) {
    const before = readFileSync(join(path, file), 'utf8');
    const { status, stderr } = await program('ocsp', 'backend', '--dir', 'answers', '--output', join('answers', file));
    assert.is(status, 1);
    assert.match(stderr, /it is not replaced/);
    assert.is(readFileSync(join(path, file), 'utf8'), before);
  }
});

test.run();
