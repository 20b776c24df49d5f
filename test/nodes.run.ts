// `npm run test:nodes`: the package as npm packs it, in an empty folder, with a home that cannot be written and without a
// network, on each release of Node.js that it is for. Needs the network once: the npm packages node@22 and node@24 bring
// those programs. Not part of `npm test`.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanEnvironment, ROOT, scratch, start, tool } from './helpers/door.ts';

const test = suite('releases of Node.js');
const folder = scratch();
const npm = (cwd: string, ...words: string[]) => tool('npm', [...words, '--no-audit', '--no-fund', '--silent'], cwd);

test.before(() => {
  npm(ROOT, 'pack', '--pack-destination', folder);
  const [tarball] = readdirSync(folder).filter(name => name.endsWith('.tgz'));
  mkdirSync(join(folder, 'app'));
  writeFileSync(join(folder, 'app/package.json'), '{"type": "module"}');
  npm(join(folder, 'app'), 'install', '--ignore-scripts', join(folder, tarball!));
  mkdirSync(join(folder, 'home'), { mode: 0o555 });
});

const API = `import { generate, planPki, verify } from 'trustme-pki';
const { jobs } = await planPki({ keyType: 'ec:prime256v1' });
await generate(process.argv[2], { keyType: 'ec:prime256v1' });
console.log([jobs.length, (await verify(process.argv[2])).sound].join(' '));`;

/** The program of a release, from its npm package, in a new folder `home`. */
function install(release: string, home: string): string {
  mkdirSync(home);
  npm(home, 'install', `node@${release}`);
  const node = join(home, 'node_modules/node/bin/node');
  assert.match(tool(node, ['--version']), new RegExp(`^v${release.replaceAll('.', '\\.')}\\b`));
  return node;
}

for (const release of ['12', '16'])
  test(`Node.js ${release} is told to be too old, by the program and where it would have to be built`, async () => {
    const home = join(folder, `node-${release}`);
    const env = cleanEnvironment({ PATH: `${dirname(install(release, home))}:${process.env.PATH}` });
    tool('git', ['clone', '--quiet', ROOT, join(home, 'checkout')]);
    for (const door of [join(ROOT, 'scripts/gen_dev_certs.sh'), join(home, 'checkout/scripts/gen_dev_certs.sh')]) {
      const { status, stderr } = await start('bash', [door, 'out'], { cwd: home, env }).ended;
      assert.is(status, 1);
      assert.match(stderr, /^trustme-pki: error: Node\.js v?1[26][.\d]+ is too old.*\ntrustme-pki: hint: .*\n$/);
    }
    assert.equal(
      readdirSync(home).filter(name => name.startsWith('out')),
      [],
    );
  });

for (const release of ['20.0.0', '20', '22', '24'])
  test(`Node.js ${release}: verbs and interface, and a checkout builds itself`, async () => {
    const home = join(folder, `node-${release}`);
    const node = install(release, home);
    const main = join(folder, 'app/node_modules/trustme-pki/dist/main.cjs');
    const environment = cleanEnvironment({ HOME: join(folder, 'home') });
    const run = async (...words: string[]) => {
      const ended = await start('unshare', ['--net', '--map-root-user', node, ...words], {
        cwd: home,
        env: environment,
      }).ended;
      assert.is(ended.status, 0, `${words.join(' ')}\n${ended.stdout}${ended.stderr}`);
      return ended.stdout;
    };
    await run(main, 'generate', '--dir', 'pki', '--key-type', 'rsa:2048', '--platform-keys');
    assert.match(await run(main, 'verify', 'pki'), /pki is sound/);
    await run(main, 'issue', 'device_subca', 'unit-1', '--dir', 'pki');
    await run(main, 'renew', 'backend', '--dir', 'pki');
    await run(main, 'uefi', 'add', 'dbx', 'ab'.repeat(32), '--dir', 'pki');
    await run(main, 'graph', '--dir', 'pki', '--format', 'html', '--output', 'pki.html');
    assert.match(await run(main, 'list', 'device_subca', '--dir', 'pki'), /unit-1/);
    assert.match(await run(main, 'verify', 'pki'), /pki is sound/);
    writeFileSync(join(folder, 'app/api.js'), API);
    assert.match(await run(join(folder, 'app/api.js'), join(home, 'by-api')), /^\d+ true$/m);
    const checkout = join(home, 'checkout');
    tool('git', ['clone', '--quiet', ROOT, checkout]);
    const path = `${dirname(node)}:${process.env.PATH}`;
    const built = await start('bash', [join(checkout, 'scripts/gen_dev_certs.sh'), join(home, 'built'), 'ed25519'], {
      cwd: home,
      env: cleanEnvironment({ PATH: path }),
    }).ended;
    assert.match(built.stdout, /^PKI generated/, built.stderr);
  });

test.run();
