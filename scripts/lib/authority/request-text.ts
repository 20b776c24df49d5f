// The subject and names that somebody types, into the openssl configuration of a request.
import { StateError, UsageError } from '../errors.ts';
import { subjectAltName } from '../model/extension-values.ts';
import { nearest } from '../model/nearest.ts';
import { attributeMeant, refuseAttribute, SUBJECT_ATTRIBUTES } from '../model/subject.ts';
import type { Extension } from '../model/types.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import type { Authority } from './open.ts';
import { NAME_KINDS } from './request-policy.ts';

/** A value in a configuration of openssl. Throws a StateError where it would not stay one. */
export function escapeValue(value: string): string {
  if (/[\p{Cc}\u2028\u2029]/u.test(value))
    throw new StateError(`${JSON.stringify(value)} has control characters: it cannot be signed`, 'give another name');
  return value.replace(/[\\$"'`#;]/g, '\\$&');
}

/** A request for this subject and these names, in openssl's words. */
export function requestConfiguration(subject: readonly Extension[], names: readonly string[]): string {
  const attributes = subject.map(({ name, value }, i) => `${i}.${name} = ${escapeValue(value)}`);
  const asked = names.map(
    (name, i) => `${name.replace(/:.*$/s, '')}.${i} = ${escapeValue(name.replace(/^[^:]*:/, ''))}`,
  );
  const extensions = asked.length > 0 ? ['[extensions]', 'subjectAltName = @names', '[names]', ...asked] : [];
  return [
    '[req]',
    'prompt = no',
    'utf8 = yes',
    'string_mask = utf8only',
    'distinguished_name = subject',
    ...(asked.length > 0 ? ['req_extensions = extensions'] : []),
    '[subject]',
    ...attributes,
    ...extensions,
    '',
  ].join('\n');
}

/** What was typed, or the attributes of the CA's subject with `name` for its common name. */
export function subjectOf({ certificate }: Authority, name: string, subject: string | undefined): Extension[] {
  if (subject !== undefined) return parseSubject(subject);
  const own = describeCertificate(certificate.certificate.raw).subject;
  const shared = own.filter(each => !/^\+?(commonName|serialNumber)$/.test(each.name));
  return checked([
    ...shared.map(each => ({ ...each, name: each.name.replace('+', '') })),
    { name: 'commonName', value: name },
  ]);
}

/** `C=DE, O=Firm, CN=name` or `/C=DE/O=Firm/CN=name`; a backslash before a comma or slash that belongs to a value. */
function parseSubject(text: string): Extension[] {
  const isSlashed = text.startsWith('/');
  const parts = (isSlashed ? text.slice(1) : text).split(isSlashed ? /(?<!\\)\// : /(?<!\\),/);
  return checked(
    parts.map(part => {
      const [, type = '', value = ''] = /^\s*([A-Za-z0-9.]+)\s*=\s*(.*?)\s*$/s.exec(part) ?? [];
      const name = attributeMeant(type) ?? type;
      if (SUBJECT_ATTRIBUTES.includes(name)) return { name, value: value.replace(/\\([\\,/])/g, '$1') };
      const close = nearest(name, SUBJECT_ATTRIBUTES);
      throw new UsageError(
        `--subject "${text}": unknown attribute in "${part}"`,
        close ? `did you mean "${close}"?` : 'give C=DE, O=Firm, CN=name',
      );
    }),
  );
}

function checked(subject: Extension[]): Extension[] {
  for (const { name, value } of subject) {
    const refusal = value === '' ? 'a value' : refuseAttribute(name, value);
    if (refusal) throw new UsageError(`${name} "${value}" cannot be in a subject`, `expected ${refusal}`);
  }
  return subject;
}

/** Throws a UsageError where one is no name of subjectAltName. */
export function refuseNames(names: readonly string[]): void {
  const isNone = (name: string) => !NAME_KINDS.includes(name.split(':')[0]!) || subjectAltName(name) !== undefined;
  const wrong = names.find(name => name.includes(',') || isNone(name));
  if (wrong !== undefined)
    throw new UsageError(
      `--san "${wrong}" is no name`,
      'give DNS:host, IP:address, URI:uri or email:a@b, one for each --san',
    );
}
