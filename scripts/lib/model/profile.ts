// A [certificate] or [issued] section into a Profile. Nothing of it is inherited but URLs.
import type { ConfigProblem } from '../errors.ts';
import { buildExtensions, EXTENSION_KEYS, refuseExtension } from './extensions.ts';
import { nearest } from './nearest.ts';
import type { Profile } from './types.ts';
import { problemAt, readDays, type Values, words } from './values.ts';

export const PROFILE_KEYS: readonly string[] = ['days', ...EXTENSION_KEYS];

export interface ProfileContext {
  readonly file: string;
  readonly section: string;
  readonly isSelfSigned: boolean;
  /** Whether the subject's public key is an rsaEncryption one. */
  readonly isRsaEncryption: boolean;
  /** Inherited facts, which are not this section's. */
  readonly urls: Values;
  readonly problems: ConfigProblem[];
}

/** Adds a problem for each value of a [urls NAME] section that is no URL. */
export function checkUrls(section: string, facts: Values, problems: ConfigProblem[]): void {
  for (const [key, fact] of facts) {
    const refusal = fact.value === '' ? undefined : (breakout(fact.value) ?? refuseExtension(key, fact.value));
    if (refusal) problems.push(problemAt(fact, section, key, refusal.expected));
  }
}

/** Reads the facts of one profile; mistakes are added to the context's problems. */
export function readProfile(facts: Values, context: ProfileContext): Profile {
  const { file, section, problems } = context;
  const values = new Map([...facts].map(([key, fact]) => [key, fact.value]));
  for (const key of ['days', 'basicConstraints'])
    if (!values.has(key)) problems.push({ file, section, key, expected: 'a value (it is not inherited)' });
  for (const [key, fact] of facts) {
    if (context.urls.get(key) === fact) continue; // checked where it stands
    const refusal = breakout(fact.value) ?? refuseExtension(key, fact.value);
    const found = refusal?.found ?? fact.value;
    if (refusal)
      problems.push(
        problemAt(fact, section, key, refusal.expected, { found, nearest: nearest(found, refusal.names ?? []) }),
      );
  }
  return {
    days: readDays(facts, section, 'days', problems) ?? 0,
    extensions: buildExtensions(values, context.isSelfSigned, context.isRsaEncryption),
    rsaExtensions: buildExtensions(values, context.isSelfSigned, true),
    copy: words(values.get('copy')),
  };
}

/** A value that openssl's configuration syntax would read as more than a value. */
function breakout(value: string): { expected: string; found?: string; names?: string[] } | undefined {
  return /[\p{Cc}\u2028\u2029[\]$\\"'`#]/u.test(value)
    ? { expected: 'no control character, no quote and none of [ ] $ \\ #' }
    : undefined;
}
