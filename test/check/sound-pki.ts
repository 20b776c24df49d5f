// A sound PKI to harm copies of, another one, and ways to ask about them.
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../scripts/lib/check/finding.ts';
import { type VerifyOptions, verifyDirectory } from '../../scripts/lib/check/verify.ts';
import { generate } from '../../scripts/lib/generate/generate.ts';
import { parseKeyType } from '../../scripts/lib/model/key-type.ts';
import { makeReport } from '../../scripts/lib/run/report.ts';
import { cleanEnvironment, scratch } from '../helpers/door.ts';

export const environment = cleanEnvironment();

const folder = scratch();
const made = new Map<string, Promise<string>>();

/** The path of a whole PKI, not to be changed: made once, since all tests of a run are one process. */
export function sharedPki(name: 'sound' | 'other'): Promise<string> {
  const path = made.get(name) ?? makePki(join(folder, name));
  made.set(name, path);
  return path;
}

async function makePki(outDir: string): Promise<string> {
  const options = {
    ...{ outDir, environment, keyType: parseKeyType('ec:prime256v1'), hasPlatformKeys: true },
    ...{ brand: undefined, isWeakForced: false, width: 4, configurationFolders: [] },
  };
  await generate(options, makeReport(process.stderr, true), new AbortController());
  return outDir;
}

export const verify = (path: string, options: Partial<VerifyOptions> = {}): Promise<readonly Finding[]> =>
  verifyDirectory(path, { expiresWithinDays: 30, environment, ...options }, new AbortController());

export const brief = (findings: readonly Finding[]): string[] =>
  findings.map(({ severity, code, file }) => `${severity} ${code} ${file}`);

/** A copy of `from` at `to`, changed by `harm`. */
export function copyOf(from: string, to: string, harm: (out: string) => void): string {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
  harm(to);
  return to;
}

/** Runs openssl in `out`, arguments separated by blanks; `~` stands for one in an argument. */
export const openssl = (out: string, line: string): string =>
  execFileSync(
    'openssl',
    line.split(' ').map(word => word.replaceAll('~', ' ')),
    {
      cwd: out,
      env: { ...environment, OPENSSL_CONF: '/dev/null', GYROIDOS_TEST_PASSWD_PKI: 'test1234' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );

export const edit =
  (file: string, change: (text: string) => string) =>
  (out: string): void =>
    writeFileSync(join(out, file), change(readFileSync(join(out, file), 'latin1')), 'latin1');
