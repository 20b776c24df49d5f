// What the facts of an entity say of its key: type, passphrase, salt of its signatures, or the file that holds it.
import { type ConfigProblem, PkiError } from '../errors.ts';
import type { Fact } from './ini-text.ts';
import { parseKeyType } from './key-type.ts';
import { VARIABLE_NAME } from './passphrase.ts';
import type { KeyType, Supplied } from './types.ts';
import { layersOf, problemAt, type Values, words } from './values.ts';

export function readKeyType(top: Values, problems: ConfigProblem[]): KeyType | undefined {
  const [strongest] = layersOf(top.get('key-type')).map(fact => keyTypeOf(fact, problems));
  return strongest;
}

function keyTypeOf(fact: Fact, problems: ConfigProblem[]): KeyType | undefined {
  try {
    return parseKeyType(fact.value);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    problems.push(problemAt(fact, '', 'key-type', (error.hint ?? error.message).replace(/^give /, '')));
    return undefined;
  }
}

export function readVariableNames(top: Values, problems: ConfigProblem[]): string[] {
  const fact = top.get('passphrase-env');
  const names = words(fact?.value);
  const wrong = names.find(name => !VARIABLE_NAME.test(name));
  if (fact && wrong !== undefined)
    problems.push(problemAt(fact, '', 'passphrase-env', 'names of environment variables', { found: wrong }));
  return names;
}

export function readPssSalt(top: Values, problems: ConfigProblem[]): string {
  const fact = top.get('pss-salt');
  if (!fact) return 'digest';
  if (!/^(digest|max|[0-9]{1,3})$/.test(fact.value))
    problems.push(problemAt(fact, '', 'pss-salt', '"digest" (as long as the digest), "max", or a number of octets'));
  return fact.value;
}

/** Where files that were made elsewhere lie: beside the ini file that names them. */
export function readSupplied(top: Values, problems: ConfigProblem[]): Supplied | undefined {
  const [certificate, key] = [top.get('certificate-file'), top.get('key-file')];
  if (key && !certificate) problems.push(problemAt(key, '', 'key-file', 'certificate-file beside it'));
  const path = ({ value, file }: Fact) => (value.startsWith('/') ? value : file.replace(/[^/]*$/, value));
  return certificate && { certificate: path(certificate), key: key && path(key) };
}
