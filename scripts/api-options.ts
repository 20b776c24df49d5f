// What a program hands over, held against its types, since it may come from a caller without a compiler: into the options
// of lib. What is no such value is a UsageError, as a wrong word of the command line is.
import { availableParallelism } from 'node:os';
import { inspect } from 'node:util';
import type { PkiOptions, RunOptions, VerifyOptions } from './api.ts';
import type { VerifyOptions as Asked } from './lib/check/inspection.ts';
import { printable, UsageError } from './lib/errors.ts';
import type { GenerateOptions } from './lib/generate/generate.ts';
import { parseKeyType } from './lib/model/key-type.ts';
import { nearest } from './lib/model/nearest.ts';
import { EARLY_DAYS, JOBS, wholeNumber } from './lib/model/whole-number.ts';

interface Kind {
  readonly expected: string;
  readonly isMet: (value: unknown) => boolean;
}

type Name = keyof (RunOptions & VerifyOptions);

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
/** No path, variable or argument of a command can hold a NUL. */
const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0');
const text: Kind = {
  expected: 'a text that is not empty, without NUL',
  isMet: value => isText(value) && value !== '',
};
const isVariable = ([name, value]: [string, unknown]): boolean =>
  isText(name) && (value === undefined || isText(value));
const flag: Kind = { expected: 'true or false', isMet: value => typeof value === 'boolean' };
const number: Kind = { expected: 'a number', isMet: value => typeof value === 'number' };

const KINDS: Readonly<Record<Name, Kind>> = {
  configurationFolders: {
    expected: 'a list of paths',
    isMet: value => Array.isArray(value) && value.every(text.isMet),
  },
  keyType: text,
  brand: text,
  platformKeys: flag,
  forceWeak: flag,
  generateTokenKeys: flag,
  rehearse: flag,
  production: flag,
  environment: {
    expected: 'an object of texts without NUL',
    isMet: value => isObject(value) && !Array.isArray(value) && Object.entries(value).every(isVariable),
  },
  signal: { expected: 'an AbortSignal', isMet: value => isObject(value) && 'aborted' in value },
  jobs: number,
  expiresWithinDays: number,
  note: { expected: 'a function', isMet: value => typeof value === 'function' },
};

const refuse = (name: string, value: unknown, { expected, isMet }: Kind): void => {
  if (isMet(value)) return;
  const shown = typeof value === 'string' ? printable(value) : inspect(value, { depth: 0 });
  throw new UsageError(`${name}: found "${shown}", expected ${expected}`, `give ${expected}`);
};

/** A name that there is not is a misspelt one; what another function takes may be there. */
function refuseUnknown(options: object): void {
  const names = Object.keys(KINDS);
  const unknown = Object.keys(options).find(name => !names.includes(name));
  if (unknown === undefined) return;
  const close = nearest(unknown, names);
  const hint = close ? `did you mean "${close}"?` : `the options: ${names.join(', ')}`;
  throw new UsageError(`unknown option "${printable(unknown)}"`, hint);
}

/** `undefined` is what is not given. */
function requireKinds(options: RunOptions & VerifyOptions): void {
  refuse('options', options, { expected: 'an object', isMet: isObject });
  refuseUnknown(options);
  for (const [name, kind] of Object.entries(KINDS)) {
    const value = options[name as Name];
    if (value !== undefined) refuse(name, value, kind);
  }
}

export const requireDirectory = (directory: unknown): void => refuse('directory', directory, text);

/** A copy, as it is when a run begins: what is remembered of an environment ends with the run. */
const environmentOf = ({ environment = process.env }: Pick<PkiOptions, 'environment'>): NodeJS.ProcessEnv => ({
  ...environment,
});

export function generateOptions(outDir: string, options: RunOptions): GenerateOptions {
  requireKinds(options);
  return {
    outDir,
    keyType: options.keyType === undefined ? undefined : parseKeyType(options.keyType),
    hasPlatformKeys: options.platformKeys ?? false,
    brand: options.brand,
    isWeakForced: options.forceWeak ?? false,
    mayGenerateInTokens: options.generateTokenKeys ?? false,
    isRehearsed: options.rehearse ?? false,
    width: options.jobs === undefined ? availableParallelism() : wholeNumber('jobs', options.jobs, JOBS),
    configurationFolders: options.configurationFolders ?? [],
    environment: environmentOf(options),
  };
}

export function verifyOptions(options: VerifyOptions): Asked {
  requireKinds(options);
  const { expiresWithinDays = 30, production = false, configurationFolders = [] } = options;
  return {
    expiresWithinDays: wholeNumber('expiresWithinDays', expiresWithinDays, EARLY_DAYS),
    isProduction: production,
    configurationFolders,
    environment: environmentOf(options),
  };
}
