// A [certificate] or [issued] section into a Profile. Nothing of it is inherited but URLs.
import type { ConfigProblem } from '../errors.ts';
import { refuseTogether } from './extension-rules.ts';
import type { Refusal } from './extension-values.ts';
import { buildExtensions, EXTENSION_KEYS, isOid, makesCa, pathLength, refuseExtension } from './extensions.ts';
import { nearest } from './nearest.ts';
import type { Profile, Validity } from './types.ts';
import { type KnownKeys, layersOf, placeOf, problemAt, readDays, readTime, type Values, words } from './values.ts';

const NAMES: readonly string[] = ['days', 'notBefore', 'notAfter', ...EXTENSION_KEYS];

export const CERTIFICATE_KEYS: KnownKeys = { names: NAMES, isKey: isOid, others: 'an OID' };
export const ISSUED_KEYS: KnownKeys = { names: [...NAMES, 'copy'], isKey: isOid, others: 'an OID' };

export interface ProfileContext {
  readonly file: string;
  readonly section: string;
  readonly isSelfSigned: boolean;
  /** Whether the subject's public key is an rsaEncryption one. */
  readonly isRsaEncryption: boolean;
  /** Inherited facts, which are not this section's. */
  readonly urls: Values;
  readonly problems: ConfigProblem[];
  /** All lines of the section, those that remove a key among them. */
  readonly written: Values | undefined;
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
  const { section, problems } = context;
  const values = new Map([...facts].map(([key, fact]) => [key, fact.value]));
  const constraints = values.get('basicConstraints');
  const before = problems.length;
  requireKeys(facts, context);
  for (const [key, fact] of facts) {
    if (context.urls.get(key) === fact) continue; // checked where it stands
    for (const layer of layersOf(fact)) {
      const refusal = breakout(layer.value) ?? refuseExtension(key, layer.value);
      const found = refusal?.found ?? layer.value;
      if (refusal)
        problems.push(
          problemAt(layer, section, key, refusal.expected, { found, nearest: nearest(found, refusal.names ?? []) }),
        );
    }
  }
  checkCopy(facts, context);
  const validity = readValidity(facts, section, problems);
  const together = problems.length === before ? refuseTogether(values) : undefined;
  if (together) problems.push(problemAt(facts.get(together.key)!, section, together.key, together.expected));
  const name = section.replace(' ', '_');
  const build = (isRsa: boolean) => buildExtensions(values, name, context.isSelfSigned, isRsa);
  const [own, rsa] = [build(context.isRsaEncryption), build(true)];
  return {
    ...validity,
    extensions: own.extensions,
    rsaExtensions: rsa.extensions,
    sections: own.sections,
    pathLength: pathLength(constraints),
    isCa: makesCa(constraints),
    copy: words(values.get('copy')),
  };
}

/** What of a request a CA can take over: the subject's names. All powers are the CA's to give. */
const COPIED = ['subjectAltName'];

function checkCopy(facts: Values, { section, problems }: ProfileContext): void {
  const fact = facts.get('copy');
  const wrong = words(fact?.value).find(word => !COPIED.includes(word));
  if (fact && wrong !== undefined)
    problems.push(
      problemAt(fact, section, 'copy', COPIED.join(', '), { found: wrong, nearest: nearest(wrong, COPIED) }),
    );
}

function requireKeys(facts: Values, { file, section, problems, written }: ProfileContext): void {
  const lacks = (key: string, expected: string) => {
    const removal = written?.get(key);
    const place = removal ?? { ...placeOf(written, file), line: undefined };
    problems.push({ file: place.file, line: place.line, section, key, found: removal?.value, expected });
  };
  if (!facts.has('days') && !facts.has('notAfter')) lacks('days', 'a value (it is not inherited), or notAfter');
  if (!facts.has('basicConstraints')) lacks('basicConstraints', 'a value (it is not inherited)');
}

function readValidity(facts: Values, section: string, problems: ConfigProblem[]): Validity {
  const days = readDays(facts, section, 'days', problems);
  const notBefore = readTime(facts, section, 'notBefore', problems);
  const notAfter = readTime(facts, section, 'notAfter', problems);
  const fact = facts.get('notAfter');
  if (fact && facts.has('days'))
    problems.push(problemAt(fact, section, 'notAfter', 'either days or notAfter (an empty "days =" removes days)'));
  else if (fact && notBefore && notAfter && notAfter <= notBefore)
    problems.push(problemAt(fact, section, 'notAfter', 'a time after notBefore'));
  return { days, notBefore, notAfter };
}

/** A value that openssl's configuration syntax would read as more than a value. */
function breakout(value: string): Refusal | undefined {
  return /[\p{Cc}\u2028\u2029[\]$\\"'`#]/u.test(value)
    ? { expected: 'no control character, no quote and none of [ ] $ \\ #' }
    : undefined;
}
