// The commands of trustme-pki whose plans are made to fail, and what they begin with.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { tool } from '../helpers/door.ts';
import { runProgram } from '../helpers/program.ts';

const REQUESTS = 30;
export const EC = ['--key-type', 'ec:prime256v1'];

export interface Scenario {
  readonly name: string;
  /** The directory that it begins with; undefined: none. */
  readonly base?: string;
  /** `folder` is that of all tries, `directory` the PKI, `place` an empty folder for what is handed out. */
  readonly words: (directory: string, place: string, folder: string) => readonly string[];
  /** Whether the same words are an error once they were carried out. */
  readonly isOnce?: boolean;
  /** What a run says that a fault made fail. */
  readonly says?: RegExp;
}

/** The errors of a plan name the job whose command failed; what all commands let pass, the verification finds. */
const PLAN_SAYS = /error: (job "[^"]+": |verification before publishing failed)[\s\S]*\ntrustme-pki: hint: /;

export const SCENARIOS: readonly Scenario[] = [
  { name: 'generate', words: dir => ['generate', '--dir', dir, ...EC, '--platform-keys'], says: PLAN_SAYS },
  {
    name: 'second phase',
    base: 'first',
    words: dir => ['generate', '--dir', dir, ...EC, '--platform-keys'],
    says: PLAN_SAYS,
  },
  {
    name: `sign-csr, ${REQUESTS} requests`,
    base: 'whole',
    words: (dir, place, folder) => [
      ...['sign-csr', 'device_subca', join(folder, 'requests')],
      ...['--dir', dir, '--output-dir', place],
    ],
  },
  {
    name: 'issue',
    base: 'whole',
    words: dir => ['issue', 'backend_subca', 'mdm', '--san', 'DNS:mdm.example.org', '--dir', dir],
    isOnce: true,
  },
  { name: 'crl', base: 'whole', words: (dir, place) => ['crl', '--dir', dir, '--output-dir', place] },
  { name: 'renew --cascade', base: 'whole', words: dir => ['renew', 'gen_rootca', '--cascade', '--dir', dir] },
  { name: 'rekey --cascade', base: 'whole', words: dir => ['rekey', 'gen_rootca', '--cascade', '--dir', dir] },
  { name: 'uefi add', base: 'whole', words: dir => ['uefi', 'add', 'db', 'ab'.repeat(32), '--dir', dir] },
  { name: 'uefi rotate', base: 'whole', words: dir => ['uefi', 'rotate', 'KEK', '--dir', dir], isOnce: true },
  {
    name: 'sign config',
    base: 'whole',
    words: (dir, _place, folder) => ['sign', 'config', join(folder, 'guest.conf'), '--dir', dir],
  },
  {
    name: 'export pkcs12',
    base: 'whole',
    words: (dir, place) => [
      ...['export', 'pkcs12', 'device_subca', '--output', join(place, 'device.p12')],
      ...['--password-env', 'TMPDIR', '--dir', dir],
    ],
    isOnce: true,
  },
];

/** trustme-pki with these words, in `folder`. */
export const program = (folder: string, ...words: string[]) => runProgram(words, folder);

/** Makes the directories and files that the scenarios begin with. */
export async function prepareBases(folder: string): Promise<void> {
  await program(folder, 'generate', '--dir', 'first', ...EC);
  await program(folder, 'generate', '--dir', 'whole', ...EC, '--platform-keys');
  copyFileSync(import.meta.filename, join(folder, 'guest.conf'));
  mkdirSync(join(folder, 'requests'));
  for (let i = 0; i < REQUESTS; i++) {
    tool('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'k.pem'], folder);
    const args = ['req', '-new', '-batch', '-config', '/dev/null', '-key', 'k.pem', '-subj', `/CN=unit ${i}`];
    tool('openssl', [...args, '-out', `requests/${i}.csr`], folder);
  }
}
