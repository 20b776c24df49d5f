// Errors of the system in words, each raised by the call that has it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { explainSystemError, systemReason } from '../../scripts/lib/system-error.ts';

const test = suite('system errors');
const folder = mkdtempSync(join(tmpdir(), 'trustme-pki-errors-'));
test.after(() => rmSync(folder, { recursive: true }));

const cases: readonly [call: () => unknown, message: string][] = [
  [() => openSync(`${folder}/absent`, 'r'), `cannot open "${folder}/absent": it is not there (ENOENT)`],
  [() => readFileSync(folder), 'cannot read: it is a folder (EISDIR)'],
  [() => rmSync(folder), `cannot remove "${folder}": it is a folder (EISDIR)`],
  [
    () => {
      throw spawnSync(`${folder}/absent`).error;
    },
    `cannot start "${folder}/absent": it is not there (ENOENT)`,
  ],
  [() => renameSync(`${folder}/a`, `${folder}/b`), `cannot write "${folder}/b": it is not there (ENOENT)`],
];
for (const [call, message] of cases)
  test(message.replaceAll(folder, 'FOLDER'), () => {
    try {
      call();
      assert.unreachable();
    } catch (error) {
      assert.is(explainSystemError(error)?.message, message);
    }
  });

test('a code alone has its reason, too; one without words stays as it is', () => {
  assert.is(systemReason('EADDRINUSE'), 'another program has it (EADDRINUSE)');
  assert.is(systemReason('EXDEV'), 'EXDEV');
});

test('what is none is a bug of ours', () => {
  assert.is(explainSystemError(new TypeError('x')), undefined);
  assert.is(explainSystemError(Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' })), undefined);
});

test.run();
