// Measures what this program adds to the time that a token takes, with SoftHSM2, and prints a markdown table:
// `npm run bench:tokens`. BENCH_RUNS=N sets the number of runs of a row (5 if it is not set), BENCH_REQUESTS=N that of the
// requests (10,000).
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeRequests } from './requests.ts';
import { alternate, folder, measure, RUNS, report, type Spread, seconds, shell, spread } from './tools.ts';

const COUNT = Number.parseInt(process.env.BENCH_REQUESTS ?? '10000', 10) || 10_000;
const MODULE = '/usr/lib/softhsm/libsofthsm2.so';
const CA = 'device_subca';
const main = fileURLToPath(new URL('../../dist/main.cjs', import.meta.url));

mkdirSync(join(folder, 'tokens'));
mkdirSync(join(folder, 'conf/customer'), { recursive: true });
const settings = `directories.tokendir = ${folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n`;
writeFileSync(join(folder, 'softhsm2.conf'), settings);
writeFileSync(join(folder, `conf/customer/${CA}.ini`), `[key]\nstorage = pkcs11\ntoken = bench\nobject = ${CA}\n`);
const reach = `SOFTHSM2_CONF=${folder}/softhsm2.conf TRUSTME_PKCS11_MODULE=${MODULE} PKCS11_MODULE_PATH=${MODULE} TRUSTME_PKCS11_PIN=1234`;
await shell`env ${reach.split(' ')} softhsm2-util --init-token --free --label bench --so-pin 5678 --pin 1234`;
const generate = ['generate', '--conf', 'conf', '--dir', 'base', '--key-type', 'rsa:2048', '--generate-token-keys'];
await shell`env ${reach.split(' ')} node ${main} ${generate} --quiet`;
writeRequests(join(folder, 'requests'), COUNT);

/** A copy of the PKI that nobody has signed with. */
function fresh(name: string): string {
  cpSync(join(folder, 'base'), join(folder, name), { recursive: true });
  mkdirSync(join(folder, `${name}-out`));
  return name;
}

const ours = (pki: string): string[] => {
  const words = `sign-csr ${CA} requests --dir ${pki} --conf conf --output-dir ${pki}-out --quiet`;
  return ['env', '-C', folder, ...reach.split(' '), 'node', main, ...words.split(' ')];
};

// Every command on a token runs under flock(1): one in its place tells how long each has the token.
mkdirSync(join(folder, 'bin'));
const flock = (await shell`command -v flock`).stdout.trim();
const log = join(folder, 'token-times');
writeFileSync(
  join(folder, 'bin/flock'),
  `#!/bin/bash\nstart=$EPOCHREALTIME; ${flock} "$@"; code=$?; end=$EPOCHREALTIME\ncase "$*" in *--conflict-exit-code*) echo $(( \${end/./} - \${start/./} )) >>'${log}' ;; esac\nexit $code\n`,
  { mode: 0o755 },
);
const timed = (pki: string): string[] => {
  rmSync(log, { force: true });
  const [env, , , ...words] = ours(pki);
  return [env!, '-C', folder, `PATH=${folder}/bin:${process.env.PATH}`, ...words];
};

/** Seconds that the token was in use. */
const tokenTime = (): number =>
  readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .reduce((sum, line) => sum + Number(line) / 1e6, 0);

/** What the token alone costs: all requests in one process, one login. */
const floor = (pki: string): string[] => {
  const key = `org.openssl.engine:pkcs11:pkcs11:token=bench;object=${CA};type=private`;
  const sign = `openssl ca -config .pki/${CA}.cnf -keyfile '${key}' -passin env:TRUSTME_PKCS11_PIN -batch -notext -preserveDN -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -out /dev/null`;
  const script = `cd '${join(folder, pki)}' && find ../requests -name '*.csr' | xargs -n ${COUNT} env ${reach} ${sign} -infiles 2>/dev/null`;
  return ['bash', '-c', script];
};

process.stderr.write(`${COUNT} requests by a key in a token: this, one openssl process; ${RUNS} runs\n`);
const [mine, token] = (await alternate(RUNS, [
  run => ours(fresh(`mine-${run}`)),
  run => floor(fresh(`floor-${run}`)),
])) as [Spread, Spread];
process.stderr.write('the same, with the time that the token was in use\n');
const shares: number[] = [];
const walls: number[] = [];
const uses: number[] = [];
for (let run = 0; run < RUNS; run++) {
  const { wall } = await measure(timed(fresh(`timed-${run}`)));
  walls.push(wall);
  uses.push(tokenTime());
  shares.push(wall / uses.at(-1)!);
}
const share = spread(shares);
await report(
  'tokens',
  ['what', 'measured: median (least-most)', 'result', 'target'],
  [
    [
      `${COUNT} requests by an RSA-2048 key in SoftHSM2: sign-csr / one \`openssl ca -infiles\``,
      `${seconds(mine)}; ${seconds(token)}`,
      (mine.median / token.median).toFixed(2),
      '',
    ],
    [
      'sign-csr / the time that the token is in use',
      `${seconds(spread(walls))}; ${seconds(spread(uses))}`,
      `${share.median.toFixed(2)} (${share.least.toFixed(2)}-${share.most.toFixed(2)})`,
      '<= 1.10',
    ],
  ],
);
