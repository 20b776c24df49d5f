// One shell that runs commands one after another. Words reach it by its standard input, each in quotes, secrets too:
// nothing of a command stands in an argument list but its own words.
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';

/** Standard input, output and error of a shell. */
export type Streams = readonly [Socket, Socket, Socket];

/** What a command is to a shell. */
export interface Line {
  /** Absolute path of the folder in which it runs. */
  readonly folder: string;
  /** Variables for it alone. */
  readonly variables: readonly (readonly [string, string])[];
  readonly words: readonly string[];
  readonly output: Output;
}

/** What becomes of what it prints: nothing, a result, or the files that are named, what it reports in the second. */
export type Output = 'ignored' | 'read' | readonly [printed: string, report: string];

export interface Result {
  /** The shell's `$?`; undefined: the shell ended. */
  readonly status: number | undefined;
  readonly printed: string;
  readonly report: string;
}

/** Text up to a mark, and the exit code after it. */
class Voice {
  readonly #mark: string;
  #text = '';

  constructor(stream: Socket, mark: string, heard: () => void) {
    this.#mark = mark;
    stream.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      // The mark comes last, so it is looked for at the end of a line alone.
      if (text.endsWith('\n')) heard();
    });
  }

  /** What was said before the mark, once the mark is there. */
  get said(): { readonly text: string; readonly status: number } | undefined {
    const start = this.#text.lastIndexOf(this.#mark);
    if (start < 0) return undefined;
    return {
      text: this.#text.slice(0, start),
      status: Number.parseInt(this.#text.slice(start + this.#mark.length), 10),
    };
  }

  get text(): string {
    return this.#text;
  }

  clear(): void {
    this.#text = '';
  }
}

export class Lane {
  readonly #streams: Streams;
  readonly #printed: Voice;
  readonly #report: Voice;
  readonly #mark = randomBytes(12).toString('hex');
  #isRead = false;
  #resolve: ((result: Result) => void) | undefined;
  #isOpen = true;

  constructor(streams: Streams) {
    const [, printed, report] = streams;
    this.#streams = streams;
    // A shell that waits for a command keeps nobody from ending. That it is gone is told by its last stream.
    for (const stream of streams) stream.unref().on('error', () => {});
    const heard = () => this.#end();
    this.#printed = new Voice(printed, this.#mark, heard);
    this.#report = new Voice(report, this.#mark, heard);
    report.on('close', () => this.#lose());
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Lets the shell end. */
  close(): void {
    this.#streams[0].end();
  }

  /** Runs one command; not before the one before it ended. */
  run(line: Line): Promise<Result> {
    this.#isRead = line.output === 'read';
    const [input, , report] = this.#streams;
    report.ref();
    return new Promise(resolve => {
      this.#resolve = resolve;
      if (this.#isOpen) input.write(textOf(line, this.#mark));
      else this.#lose();
    });
  }

  #end(): void {
    const reported = this.#report.said;
    const printed = this.#isRead ? this.#printed.said : { text: '' };
    if (reported && printed) this.#answer({ status: reported.status, printed: printed.text, report: reported.text });
  }

  #lose(): void {
    this.#isOpen = false;
    this.#answer({ status: undefined, printed: '', report: this.#report.text });
  }

  #answer(result: Result): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.#printed.clear();
    this.#report.clear();
    this.#streams[2].unref();
    resolve?.(result);
  }
}

function textOf({ folder, variables, words, output }: Line, mark: string): string {
  const given = variables.map(([name, value]) => `${name}=${literal(value)}`);
  const command = [...given, ...words.map(literal)].join(' ');
  // POSIX lets printf be a program of its own, which may not be on PATH.
  const ending = `echo "${mark}$status"`;
  const endings = output === 'read' ? `${ending} >&2; ${ending}` : `${ending} >&2`;
  // A shell that waits in no folder keeps nobody from unmounting it.
  return `cd ${literal(folder)} && ${command} </dev/null ${redirected(output)}; status=$?; cd /; ${endings}\n`;
}

function redirected(output: Output): string {
  if (output === 'read') return '';
  return output === 'ignored' ? '>/dev/null' : `>${literal(output[0])} 2>${literal(output[1])}`;
}

/** One word that a POSIX shell reads as it is. */
const literal = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
