// Commands that share a shell: nothing of one may reach another, and nothing of a word may be more than a word.
import { existsSync, mkdirSync, readFileSync, readlinkSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandError, Interrupted, StateError } from '../../scripts/lib/errors.ts';
import { command } from '../../scripts/lib/plan/job.ts';
import { readCommand, runCommand, type Surroundings } from '../../scripts/lib/run/exec.ts';
import { rejection } from '../helpers/rejection.ts';
import { inScratch } from '../helpers/scratch.ts';
import { surroundingsOf } from '../helpers/surroundings.ts';

const suite = makeSuite('shells');

const SECRETS: Readonly<Record<string, string>> = { PASS: 'it\'s $HOME `id`\n"\\;', OTHER: 'second' };

/** Runs commands in a folder of their own; `tool.sh` there is the script that they run. */
const withShells = (
  script: string,
  work: (run: (...words: string[]) => Promise<void>, surroundings: Surroundings, folder: string) => Promise<unknown>,
  controller = new AbortController(),
) =>
  inScratch(async folder => {
    writeFileSync(join(folder, 'tool.sh'), script);
    const environment = { PATH: process.env.PATH, MINE: 'caller' };
    const surroundings = surroundingsOf(folder, environment, name => SECRETS[name], controller);
    await work(
      (...words) => runCommand(command('sh', ['tool.sh', ...words]), 'a job', surroundings),
      surroundings,
      folder,
    );
  });

/** Whether a process is there, and not only its exit code, which nobody has asked for. */
const isRunning = (pid: string): boolean =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

suite('a shell that waits for another command keeps nobody from unmounting the folder of the last one', () =>
  withShells('echo $PPID >shell; exit "$1"', async (run, _surroundings, folder) => {
    for (const code of ['0', '3']) {
      await run(code).catch(() => {});
      const shell = readFileSync(join(folder, 'shell'), 'utf8').trim();
      assert.is(readlinkSync(`/proc/${shell}/cwd`), '/');
    }
  }));

suite('words arrive as they are, whatever they mean to a shell', () =>
  withShells('for word; do printf "%s\\0" "$word"; done >words', async (run, _surroundings, folder) => {
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

suite('a word that no argument can be is refused', () =>
  withShells('touch ran', async (run, _surroundings, folder) => {
    assert.match(((await rejection(run('a\0b'))) as Error).message, /an argument of sh holds a NUL/);
    assert.not.ok(existsSync(join(folder, 'ran')));
    await run('fine');
  }));

suite('a secret is in the environment of the command that names it, and in no other', () =>
  withShells('env >"$1"; printf "%s" "$PASS" >"$1.pass"', async (run, surroundings, folder) => {
    const environment = (file: string) => readFileSync(join(folder, file), 'utf8');
    await runCommand(command('sh', ['tool.sh', 'with'], ['PASS', 'UNSET']), 'a job', surroundings);
    await run('without');
    assert.is(environment('with.pass'), SECRETS.PASS);
    assert.match(environment('with'), /^OPENSSL_CONF=\/dev\/null$/m);
    assert.not.match(environment('with'), /UNSET|OTHER|MINE/);
    assert.not.match(environment('without'), /PASS|MINE/);
  }));

suite('a command that fails is told with its job, its exit code and its last words, and the next one runs', () =>
  withShells('printf "first\\n%s" "$2" >&2; exit $1', async run => {
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
  withShells(
    'echo "DECODER routines:OSSL_DECODER_from_bio:unsupported:No supported data to decode." >&2; exit 1',
    async (run, surroundings) => {
      const withSecret = runCommand(command('sh', ['tool.sh'], ['OTHER']), 'a job', surroundings);
      assert.match(
        ((await rejection(withSecret)) as CommandError).hint!,
        /^the passphrase is wrong, or the key is damaged/,
      );
      assert.not.match(((await rejection(run())) as CommandError).hint!, /passphrase/);
    },
  ));

suite('a report of a megabyte comes whole', () =>
  withShells('head -c 1000000 /dev/zero | tr "\\0" "x" >&2; exit 1', async run => {
    assert.is(((await rejection(run())) as CommandError).stderr.length, 1_000_000);
  }));

suite('a secret whose name would be more than a name to a shell is refused', () =>
  withShells('touch ran', async (_run, surroundings, folder) => {
    const named = { ...surroundings, secretOf: () => 'secret' };
    for (const name of ['X;touch bad;Y', 'A-B', ''])
      assert.instance(await rejection(runCommand(command('sh', ['tool.sh'], [name]), 'a job', named)), TypeError);
    for (const file of ['ran', 'bad']) assert.not.ok(existsSync(join(folder, file)));
  }));

suite('a command that is killed is told by its signal; the shell lives on', () =>
  withShells('[ "$1" = 0 ] || kill -$1 $$', async run => {
    for (const [number, name] of [
      ['9', 'SIGKILL'],
      ['11', 'SIGSEGV'],
    ] as const)
      assert.is(((await rejection(run(number))) as CommandError).ending, `was killed by ${name}`);
    await run('0');
  }));

suite('a tool that is not there is told by its name; one that ends with 127 is not taken for it', () =>
  withShells('echo "tool: error while loading shared libraries" >&2; exit 127', async (run, surroundings) => {
    const missing = await rejection(runCommand(command('no-such-tool', ['x']), 'a job', surroundings));
    assert.instance(missing, StateError);
    assert.match((missing as Error).message, /^no-such-tool was not found$/);
    assert.is(((await rejection(run())) as CommandError).ending, 'exited with 127');
  }));

suite('commands have no terminal, no input, and no output of ours', () =>
  withShells('[ ! -t 0 ] && [ -z "$(cat)" ] && ! (: </dev/tty) 2>/dev/null && echo hidden', async run => {
    await run();
  }));

suite('a shell that ends in the middle ends the run, and does not hang it', () =>
  withShells('kill -9 $PPID; sleep 0.2', async run => {
    assert.is(((await rejection(run())) as CommandError).ending, 'was lost with the shell that ran it');
  }));

suite('a shell that ends between two commands is no loss', () =>
  withShells('[ "$1" = 0 ] || { sleep 0.1; kill -9 $PPID; } >/dev/null 2>&1 &', async run => {
    await run('1');
    await new Promise(resolve => setTimeout(resolve, 300));
    await run('0');
  }));

suite('an aborted run kills what runs, and throws what it was aborted with', async () => {
  const controller = new AbortController();
  const reason = new Interrupted('SIGTERM');
  await withShells(
    'echo $$ >pid; sleep 30; touch late',
    async (run, _surroundings, folder) => {
      const running = rejection(run());
      while (!existsSync(join(folder, 'pid')) || readFileSync(join(folder, 'pid'), 'utf8') === '')
        await new Promise(resolve => setTimeout(resolve, 5));
      controller.abort(reason);
      assert.is(await running, reason);
      // Its files are closed; until it is gone altogether may take a moment more.
      const pid = readFileSync(join(folder, 'pid'), 'utf8').trim();
      for (let i = 0; i < 200 && isRunning(pid); i++) await new Promise(resolve => setTimeout(resolve, 5));
      assert.not.ok(isRunning(pid));
      assert.is(await rejection((async () => run())()), reason);
    },
    controller,
  );
});

suite('what a command prints comes whole, apart from what it reports', () =>
  withShells('printf "%s" "$1"; echo "a report" >&2; [ -z "$2" ] || exit "$2"', async (_run, surroundings) => {
    const read = (...words: string[]) => readCommand(command('sh', ['tool.sh', ...words]), 'a job', surroundings);
    for (const text of [
      '',
      'one line',
      'two\nlines\n',
      'ü€😀;',
      ` ${'0'.repeat(24)}0;`,
      'x;'.repeat(60_000),
      'line\n'.repeat(20_000),
    ])
      assert.is(await read(text), text);
    assert.is(((await rejection(read('printed', '2'))) as CommandError).stderr, 'a report\n');
  }));

suite('a command runs in the folder that it is given, whatever its name, and not at all where that is gone', () =>
  withShells('pwd', async (_run, surroundings, folder) => {
    for (const name of ["it's", '-n', 'a b', '$(touch bad)', '*']) {
      mkdirSync(join(folder, name));
      const inside = { ...surroundings, folder: join(folder, name) };
      const where = readCommand(command('sh', ['../tool.sh']), 'a job', inside);
      assert.is(await where, `${realpathSync(join(folder, name))}\n`);
    }
    const gone = { ...surroundings, folder: join(folder, 'gone') };
    const error = (await rejection(
      runCommand(command('touch', [join(folder, 'made')]), 'a job', gone),
    )) as CommandError;
    assert.match(error.message, /cd: .*(can't cd|No such file)/);
    assert.not.ok(existsSync(join(folder, 'made')));
  }));

suite('a PATH without a shell will do', () =>
  inScratch(async folder => {
    symlinkSync('/bin/true', join(folder, 'only-tool'));
    const surroundings = surroundingsOf(folder, { PATH: folder });
    await Promise.all(Array.from({ length: 3 }, () => runCommand(command('only-tool', []), 'a job', surroundings)));
  }));

suite('ten commands run side by side', () =>
  withShells('echo x >>started; while [ "$(wc -l <started)" -lt 10 ]; do sleep 0.01; done', async run => {
    await Promise.all(Array.from({ length: 10 }, () => run()));
  }));

suite('no shell has the streams of another', () =>
  withShells('ls /proc/$PPID/fd; sleep 0.3', async (_run, surroundings) => {
    const read = () => readCommand(command('sh', ['tool.sh']), 'a job', surroundings);
    for (const listing of await Promise.all([read(), read(), read()])) assert.not.match(listing, /^[3-8]$/m);
  }));

suite('shells that nobody needs any more end after a while; another command gets others', () =>
  withShells('echo $PPID', async (_run, surroundings) => {
    const read = () => readCommand(command('sh', ['tool.sh']), 'a job', surroundings);
    const pid = (await read()).trim();
    assert.ok(isRunning(pid));
    for (let i = 0; i < 100 && isRunning(pid); i++) await new Promise(resolve => setTimeout(resolve, 50));
    assert.not.ok(isRunning(pid));
    assert.ok(isRunning((await read()).trim()));
  }));

suite('twenty runs at once in one process draw no warning of node', async () => {
  const warnings: Error[] = [];
  const hear = (warning: Error) => warnings.push(warning);
  process.on('warning', hear);
  try {
    await Promise.all(Array.from({ length: 20 }, () => withShells('', run => run())));
    await new Promise(resolve => setImmediate(resolve));
  } finally {
    process.off('warning', hear);
  }
  assert.equal(warnings, []);
});

suite('where nothing is run, nothing is started', () => withShells('', async () => {}));

suite.run();
