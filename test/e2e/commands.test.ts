// The commands of README.md, docs/operation.md and docs/verify.md, one after another, in a folder that has what they name.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeRequest } from '../../scripts/bench/requests.ts';
import { cleanEnvironment, ROOT, scratch, start } from '../helpers/door.ts';
import { writeProgram } from '../helpers/program-file.ts';

const test = suite('commands of pages');

/** Lines that are a command of their own, as a shell would get them in `folder`. */
function commandsOf(page: string, folder: string): string[] {
  const lines = readFileSync(join(ROOT, page), 'utf8').matchAll(
    /^(?: {4})?((?:bash scripts\/)?trustme-pki [a-z].*|openssl .*)$/gm,
  );
  return [...lines].map(([, line]) =>
    line!.replace('bash scripts/trustme-pki', 'trustme-pki').replaceAll('/srv/', `${folder}/srv/`),
  );
}

const run = async (folder: string, command: string): Promise<string> => {
  const env = cleanEnvironment({ PATH: `${folder}/bin:${process.env.PATH}`, TRUSTME_PKI_P12_PASSWORD: 'secret' });
  const { status, stdout, stderr } = await start('bash', ['-c', command], { cwd: folder, env }).ended;
  assert.is(status, 0, `${command}\n${stdout}${stderr}`);
  return stdout;
};

/** A PKI where the pages have it, requests, and the program under its name. */
async function prepare(): Promise<string> {
  const folder = scratch();
  for (const name of ['requests', 'certificates', 'srv/www/crl', 'srv/pki'])
    mkdirSync(join(folder, name), { recursive: true });
  writeProgram(folder);
  writeFileSync(join(folder, 'bin/notify'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  for (const name of ['requests/device-0815.csr', 'requests/device-0816.csr', 'device.csr'])
    writeFileSync(join(folder, name), makeRequest(name.length));
  writeFileSync(join(folder, 'requests/device-0817.csr'), makeRequest(817));
  await run(folder, 'trustme-pki generate --key-type ec:prime256v1 --quiet');
  symlinkSync('test_certificates', join(folder, 'release-pki'));
  symlinkSync(join(folder, 'test_certificates'), join(folder, 'srv/pki/current'));
  return folder;
}

test('docs/operation.md', async () => {
  const folder = await prepare();
  const commands = commandsOf('docs/operation.md', folder);
  assert.ok(commands.length > 15, commands.join('\n'));
  for (const command of commands) {
    // It serves until it is stopped.
    if (command.includes('--serve'))
      await run(folder, `timeout -s INT 3 ${command.replace(/#.*/, '')} || test $? = 124`);
    else await run(folder, command);
    if (command.includes('sign-csr')) await run(folder, 'cp certificates/device-0815.cert .');
  }
});

test('README.md', async () => {
  const folder = await prepare();
  const commands = commandsOf('README.md', folder);
  assert.ok(commands.length > 10, commands.join('\n'));
  for (const command of commands) await run(folder, command);
});

test('docs/verify.md', async () => {
  const folder = await prepare();
  const commands = commandsOf('docs/verify.md', folder).filter(command => !command.endsWith(' DIR'));
  assert.ok(commands.length > 0);
  for (const command of commands) await run(folder, command);
});

test.run();
