// What this machine can do: tools and their versions, the roads to tokens, and a signature by each key in a token.
import { CommandError, isPkiError } from '../errors.ts';
import { describeObject, describeToken, type TokenRoad } from '../model/token.ts';
import type { TokenKey } from '../model/types.ts';
import { command } from '../plan/job.ts';
import { tryKey } from '../plan/pkcs11.ts';
import { tokenArgument } from '../plan/private-key.ts';
import { readCommand, type Surroundings } from '../run/exec.ts';
import { findSignFile } from '../run/sign-file.ts';
import { moduleFile } from '../run/token.ts';
import { isInstalled, PACKAGES } from '../run/tools.ts';
import { describeRequest } from '../store/request-facts.ts';
import { findTokenRoad, roadLibrary } from '../store/token-road.ts';

export interface Diagnosis {
  readonly subject: string;
  readonly state: 'ok' | 'missing' | 'failed';
  /** Version, path or reason. */
  readonly detail: string;
  /** What cannot be done without it; undefined: nothing can be done. */
  readonly neededFor?: string;
  readonly hint?: string;
}

interface Tool {
  readonly name: string;
  /** Words that make it say its version, and where that stands. */
  readonly ask?: readonly [args: readonly string[], version: RegExp];
  readonly neededFor?: string;
}

const VERSION = /(\d+\.\d[\w.~+-]*)/;
const TOOLS: readonly Tool[] = [
  { name: 'openssl', ask: [['version'], /^OpenSSL (\S+)/] },
  { name: 'flock', ask: [['--version'], VERSION] },
  { name: 'sync', ask: [['--version'], VERSION] },
  { name: 'cert-to-efi-sig-list', ask: [['--version'], VERSION], neededFor: 'UEFI keys' },
  { name: 'sign-efi-sig-list', ask: [['--version'], VERSION], neededFor: 'UEFI keys' },
  { name: 'sbsign', ask: [['--version'], VERSION], neededFor: 'sign efi' },
  { name: 'evmctl', ask: [['--version'], VERSION], neededFor: 'sign ima' },
  { name: 'pkcs11-tool', neededFor: 'keys in tokens' },
];

const ROADS: readonly (readonly [TokenRoad, string])[] = [
  ['engine', 'libengine-pkcs11-openssl'],
  ['provider', 'pkcs11-provider'],
];

/** Looks at everything; `keys` are those that a configuration has in tokens. */
export async function diagnose(keys: ReadonlyMap<string, TokenKey>, surroundings: Surroundings): Promise<Diagnosis[]> {
  const tools = [
    ...(await Promise.all(TOOLS.map(tool => lookAt(tool, surroundings)))),
    lookForSignFile(surroundings.environment),
  ];
  const roads = await Promise.all(ROADS.map(([road, name]) => lookAtRoad(road, name, surroundings)));
  const all = [...tools, ...roads];
  for (const [stem, key] of keys) all.push(await tryToken(stem, key, surroundings));
  return all;
}

/** Whether all that is needed is there: one road to tokens is enough, and none where no key is in one. */
export const isAble = (diagnoses: readonly Diagnosis[]): boolean =>
  diagnoses.every(({ state, neededFor }) => state === 'ok' || neededFor !== undefined);

async function lookAt(tool: Tool, surroundings: Surroundings): Promise<Diagnosis> {
  const { name, ask, neededFor } = tool;
  const extra = neededFor === undefined ? {} : { neededFor };
  if (!isInstalled(name, surroundings.environment.PATH))
    return {
      subject: name,
      state: 'missing',
      detail: 'not on PATH',
      hint: `install ${PACKAGES[name] ?? name}`,
      ...extra,
    };
  if (!ask) return { subject: name, state: 'ok', detail: 'there', ...extra };
  const [args, pattern] = ask;
  const text = await said(readCommand(command(name, args), name, surroundings));
  const version = pattern.exec(text)?.[1];
  if (version !== undefined) return { subject: name, state: 'ok', detail: version, ...extra };
  return { subject: name, state: 'failed', detail: text.trim().split('\n')[0] || 'says no version', ...extra };
}

function lookForSignFile(environment: NodeJS.ProcessEnv): Diagnosis {
  const found = { subject: 'sign-file', neededFor: 'sign module' };
  try {
    return { ...found, state: 'ok', detail: findSignFile(environment) };
  } catch (error) {
    if (!isPkiError(error)) throw error;
    return { ...found, state: 'missing', detail: error.message, hint: error.hint ?? '' };
  }
}

/** Some tools say their version and fail. */
async function said(output: Promise<string>): Promise<string> {
  try {
    return await output;
  } catch (error) {
    if (error instanceof CommandError) return error.stderr;
    throw error;
  }
}

async function lookAtRoad(road: TokenRoad, name: string, surroundings: Surroundings): Promise<Diagnosis> {
  const subject = `pkcs11 ${road}`;
  const neededFor = 'keys in tokens, by this road';
  const path = roadLibrary(road, surroundings.environment);
  if (path === undefined)
    return { subject, state: 'missing', detail: 'not in the folders of openssl', neededFor, hint: `install ${name}` };
  const args = road === 'engine' ? ['engine', '-t', 'pkcs11'] : ['list', '-providers', '-provider', 'pkcs11'];
  const text = await said(readCommand(command('openssl', args), subject, surroundings));
  const works = road === 'engine' ? /\[ available \]/.test(text) : /status: active/.test(text);
  return works
    ? { subject, state: 'ok', detail: path, neededFor }
    : { subject, state: 'failed', detail: `openssl does not load ${path}: ${text.trim().split('\n')[0]}`, neededFor };
}

/** A request signed in the token, and proved by its own public key. */
async function tryToken(stem: string, key: TokenKey, surroundings: Surroundings): Promise<Diagnosis> {
  const subject = `key of ${stem}`;
  try {
    const road = findTokenRoad(surroundings.environment);
    const module = moduleFile(key, surroundings.environment);
    const request = await readCommand(tryKey(tokenArgument(key, road), key), subject, surroundings);
    const detail = `${describeObject(key)} of the token ${describeToken(key)}, by the ${road} and ${module}`;
    return describeRequest(request).isForged()
      ? { subject, state: 'failed', detail: `${detail}: it does not fit its public key` }
      : { subject, state: 'ok', detail };
  } catch (error) {
    if (!isPkiError(error)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    return { subject, state: 'failed', detail: error.message.split('\n')[0]!, ...hint };
  }
}

export const formatDiagnoses = (diagnoses: readonly Diagnosis[]): string =>
  diagnoses
    .map(({ subject, state, detail, neededFor, hint }) => {
      const why = state === 'ok' || neededFor === undefined ? '' : ` (needed for ${neededFor})`;
      return `${state.padEnd(7)} ${subject}: ${detail}${why}${hint ? `; ${hint}` : ''}`;
    })
    .join('\n');
