// Commands that share a shell: nothing of one may reach another, and nothing of a word may be more than a word.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandError, Interrupted, StateError } from '../../scripts/lib/errors.ts';
import { command } from '../../scripts/lib/plan/job.ts';
import { Launcher } from '../../scripts/lib/run/launcher.ts';
import { rejection } from '../helpers/rejection.ts';
import { inScratch } from '../helpers/scratch.ts';

const suite = makeSuite('launcher');

const SECRETS: Readonly<Record<string, string>> = { PASS: 'it\'s $HOME `id`\n"\\;', OTHER: 'second' };

/** A launcher in a folder of its own; `tool.sh` there is the script that commands run. */
const withLauncher = (
  script: string,
  work: (run: (...words: string[]) => Promise<void>, launcher: Launcher, folder: string) => Promise<unknown>,
  controller = new AbortController(),
) =>
  inScratch(async folder => {
    writeFileSync(join(folder, 'tool.sh'), script);
    const environment = { PATH: process.env.PATH, MINE: 'caller' };
    const launcher = new Launcher({ folder, environment, secretOf: name => SECRETS[name], controller });
    try {
      await work((...words) => launcher.run(command('sh', ['tool.sh', ...words]), 'a job'), launcher, folder);
    } finally {
      await launcher.close();
    }
  });

/** Whether a process is there, and not only its exit code, which nobody has asked for. */
const isRunning = (pid: string): boolean =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

suite('words arrive as they are, whatever they mean to a shell', () =>
  withLauncher('for word; do printf "%s\\0" "$word"; done >words', async (run, _launcher, folder) => {
    const words = [
      '',
      ' ',
      "'",
      "''",
      '"',
      '$(touch bad)',
      '`touch bad`',
      '; touch bad',
      'a\nb',
      '\\',
      '*',
      '~',
      '-n',
      'ü€😀',
    ];
    await run(...words);
    assert.equal(readFileSync(join(folder, 'words'), 'utf8').split('\0').slice(0, -1), words);
    assert.not.ok(existsSync(join(folder, 'bad')));
  }));

suite('a secret is in the environment of the command that names it, and in no other', () =>
  withLauncher('env >"$1"; printf "%s" "$PASS" >"$1.pass"', async (run, launcher, folder) => {
    const environment = (file: string) => readFileSync(join(folder, file), 'utf8');
    await launcher.run(command('sh', ['tool.sh', 'with'], ['PASS', 'UNSET']), 'a job');
    await run('without');
    assert.is(environment('with.pass'), SECRETS.PASS);
    assert.match(environment('with'), /^OPENSSL_CONF=\/dev\/null$/m);
    assert.not.match(environment('with'), /UNSET|OTHER|MINE/);
    assert.not.match(environment('without'), /PASS|MINE/);
  }));

suite('a command that fails is told with its job, its exit code and its last words, and the next one runs', () =>
  withLauncher('printf "first\\n%s" "$2" >&2; exit $1', async run => {
    for (const words of ['last', 'half; 0;', '']) {
      const error = (await rejection(run('7', words))) as CommandError;
      assert.instance(error, CommandError);
      assert.is(error.job, 'a job');
      assert.is(error.ending, 'exited with 7');
      assert.is(error.stderr, `first\n${words}`);
    }
    await run('0', 'what succeeds may say something, too');
    assert.is(((await rejection(run('3', 'x'))) as CommandError).stderr, 'first\nx');
  }));

suite('a key that does not open is told by its passphrase, also where the padding fits by chance', () =>
  withLauncher(
    'echo "DECODER routines:OSSL_DECODER_from_bio:unsupported:No supported data to decode." >&2; exit 1',
    async (run, launcher) => {
      const withSecret = launcher.run(command('sh', ['tool.sh'], ['OTHER']), 'a job');
      assert.match(
        ((await rejection(withSecret)) as CommandError).hint!,
        /^the passphrase is wrong, or the key is damaged/,
      );
      assert.not.match(((await rejection(run())) as CommandError).hint!, /passphrase/);
    },
  ));

suite('a report of a megabyte comes whole', () =>
  withLauncher('head -c 1000000 /dev/zero | tr "\\0" "x" >&2; exit 1', async run => {
    assert.is(((await rejection(run())) as CommandError).stderr.length, 1_000_000);
  }));

suite('a command that is killed is told by its signal; the shell lives on', () =>
  withLauncher('[ "$1" = 0 ] || kill -$1 $$', async run => {
    for (const [number, name] of [
      ['9', 'SIGKILL'],
      ['11', 'SIGSEGV'],
    ] as const)
      assert.is(((await rejection(run(number))) as CommandError).ending, `was killed by ${name}`);
    await run('0');
  }));

suite('a tool that is not there is told by its name; one that ends with 127 is not taken for it', () =>
  withLauncher('echo "tool: error while loading shared libraries" >&2; exit 127', async (run, launcher) => {
    const missing = await rejection(launcher.run(command('no-such-tool', ['x']), 'a job'));
    assert.instance(missing, StateError);
    assert.match((missing as Error).message, /^no-such-tool was not found$/);
    assert.is(((await rejection(run())) as CommandError).ending, 'exited with 127');
  }));

suite('commands have no terminal, no input, and no output of ours', () =>
  withLauncher('[ ! -t 0 ] && [ -z "$(cat)" ] && ! (: </dev/tty) 2>/dev/null && echo hidden', async run => {
    await run();
  }));

suite('a shell that ends in the middle ends the run, and does not hang it', () =>
  withLauncher('kill -9 $PPID; sleep 0.2', async run => {
    assert.is(((await rejection(run())) as CommandError).ending, 'was killed by SIGKILL');
  }));

suite('a shell that ends between two commands is no loss', () =>
  withLauncher('[ "$1" = 0 ] || { sleep 0.1; kill -9 $PPID; } >/dev/null 2>&1 &', async run => {
    await run('1');
    await new Promise(resolve => setTimeout(resolve, 300));
    await run('0');
  }));

suite('an aborted run kills what runs, and throws what it was aborted with', async () => {
  const controller = new AbortController();
  const reason = new Interrupted('SIGTERM');
  await withLauncher(
    'echo $$ >pid; sleep 30; touch late',
    async (run, _launcher, folder) => {
      const running = rejection(run());
      while (!existsSync(join(folder, 'pid')) || readFileSync(join(folder, 'pid'), 'utf8') === '')
        await new Promise(resolve => setTimeout(resolve, 5));
      controller.abort(reason);
      assert.is(await running, reason);
      assert.not.ok(isRunning(readFileSync(join(folder, 'pid'), 'utf8').trim()));
      assert.is(await rejection((async () => run())()), reason);
    },
    controller,
  );
});

suite('where nothing is run, nothing is started', () => withLauncher('', async () => {}));

suite.run();
