// Runs the suites with uvu and closes with the line "N passed, N failed". A first argument is a pattern for paths.
// Files that run real tools for long have a process of their own, two more at a time than there are processors, since
// many wait for processes, kills and locks; of the others several share one.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { memoryFolder } from './helpers/memory-folder.ts';

const pattern = new RegExp(`(${process.argv[2] ?? ''}).*\\.test\\.ts$`);
const files = (readdirSync('test', { recursive: true }) as string[]).filter(file => pattern.test(file)).sort();
const isSlow = (file: string): boolean => /^(check|e2e|fuzz|graph)\/|^(examples|mistakes|recipes)\./.test(file);
// The longest first, so that none is left alone at the end.
const FIRST = [
  'e2e/interruption',
  'e2e/token',
  'e2e/uefi',
  'e2e/documents',
  'e2e/faults',
  'e2e/artifacts',
  'e2e/ceremony',
  'e2e/bulk',
  'recipes',
  'e2e/hostile',
  'e2e/install',
  'examples',
  'e2e/renewal',
  'e2e/signing',
  'e2e/efi-signatures',
  'e2e/facts',
  'e2e/states',
  'check/verify',
  'e2e/revocation',
  'e2e/own-configuration',
  'e2e/waiting',
  'e2e/supplied',
];
const rank = (file: string): number => {
  const found = FIRST.findIndex(name => file.startsWith(name));
  return found < 0 ? FIRST.length : found;
};
/** So many of the slow files that are not among the longest share a process: starting one takes half a second. */
const TOGETHER = 5;
const slow = files.filter(isSlow).sort((a, b) => rank(a) - rank(b));
const long = slow.filter(file => rank(file) < FIRST.length);
const quick = files.filter(file => !isSlow(file));
const tasks = [...(quick.length > 0 ? [quick] : []), ...long.map(file => [file])];
for (let at = long.length; at < slow.length; at += TOGETHER) tasks.push(slow.slice(at, at + TOGETHER));

const memory = memoryFolder();
const env = { ...process.env, ...(memory && { TMPDIR: memory }) };

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** One uvu process; what it prints comes when it ends, so that two never mix. */
function runFiles(group: readonly string[]): Promise<Count> {
  const names = group.map(file => file.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const args = ['--import', 'tsx', 'node_modules/uvu/bin.js', 'test', `^(${names})$`];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk));
  return new Promise(done =>
    child.on('close', code => {
      process.stdout.write(output);
      const count = (word: string) => Number(new RegExp(`${word}:\\s+(\\d+)`).exec(output)?.[1] ?? 0);
      const [total, passed, skipped] = [count('Total'), count('Passed'), count('Skipped')];
      // A file that cannot be loaded fails the run without being counted by uvu.
      done({ passed, skipped, failed: Math.max(total - passed, code === 0 && total > 0 ? 0 : 1) });
    }),
  );
}

const counts: Count[] = [];
const waiting = tasks.values();
const worker = async (): Promise<void> => {
  for (const group of waiting) counts.push(await runFiles(group));
};
await Promise.all(Array.from({ length: availableParallelism() + 2 }, worker));
const sum = (key: keyof Count): number => counts.reduce((all, each) => all + each[key], 0);
const failed = sum('failed') + (tasks.length === 0 ? 1 : 0);
process.stdout.write(
  `${sum('passed')} passed, ${failed} failed${sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : ''}\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
