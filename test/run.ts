// Runs the suites with uvu and closes with the line "N passed, N failed". A first argument is a pattern for paths.
import { spawn } from 'node:child_process';

const pattern = process.argv[2] ? `${process.argv[2]}.*\\.test\\.ts$` : '\\.test\\.ts$';
const child = spawn(process.execPath, ['--import', 'tsx', 'node_modules/uvu/bin.js', 'test', pattern], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
let output = '';
child.stdout.on('data', chunk => {
  output += chunk;
  process.stdout.write(chunk);
});
child.on('close', code => {
  const count = (word: string) => Number(new RegExp(`${word}:\\s+(\\d+)`).exec(output)?.[1] ?? 0);
  const [total, passed, skipped] = [count('Total'), count('Passed'), count('Skipped')];
  // A file that cannot be loaded fails the run without being counted by uvu.
  const failed = Math.max(total - passed, code === 0 && total > 0 ? 0 : 1);
  process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  process.exitCode = failed === 0 ? 0 : 1;
});
