// May a CA sign a request? Its key, subject and the extensions that it asks for, against what the CA gives.
import { isName } from '../model/extension-values.ts';
import { LEAST_RSA_BITS } from '../model/key-type.ts';
import { refuseByX520 } from '../model/subject.ts';
import { isOwnDigestName } from '../store/oid-names.ts';
import type { RequestFacts, RequestKey } from '../store/request-facts.ts';

/** Curves that TLS stacks and openssl's clients take. */
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1', 'brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1'];
/** FIPS 186-4: 2^16 + 1 is the least. */
const LEAST_EXPONENT = 65537n;

/** Usages come from the CA alone: asking for them is no mistake, and has no effect. */
const GIVEN_BY_CA = ['keyUsage', 'extendedKeyUsage', 'subjectKeyIdentifier'];
/** IA5String without control characters, which could mean more than a name to whoever reads it. */
const IS_PRINTABLE = /^[ -~]+$/;
export const NAME_KINDS: readonly string[] = ['DNS', 'IP', 'URI', 'email'];

/** Why a request is refused; undefined: it may be signed. */
export function refuseRequest(facts: RequestFacts, isNameCopied: boolean): string | undefined {
  if (!facts.key) return 'its key is of an algorithm that is not known here';
  return refuseKey(facts.key) ?? refuseSubject(facts) ?? refuseExtensions(facts, isNameCopied);
}

function refuseKey({ kind, bits = 0, exponent = 0n, curve, isUncompressed }: RequestKey): string | undefined {
  if (kind === 'rsa' || kind === 'rsa-pss') {
    if (bits < LEAST_RSA_BITS) return `its RSA key has ${bits} bits, ${LEAST_RSA_BITS} are asked for`;
    return exponent < LEAST_EXPONENT || exponent % 2n === 0n
      ? `its RSA key has the exponent ${exponent}: ${LEAST_EXPONENT} is the least`
      : undefined;
  }
  if (kind === 'ec') {
    if (curve === undefined) return 'its curve without a name, parameters in its place (RFC 5480, 2.1.1), is not taken';
    if (!CURVES.includes(curve)) return `its curve ${curve} is none of ${CURVES.join(', ')}`;
    return isUncompressed
      ? undefined
      : 'its EC point is not in the uncompressed form, the only one that all programs read (RFC 5480, 2.2)';
  }
  return isOwnDigestName(kind) ? undefined : `its key of type ${kind} signs nothing`;
}

function refuseSubject({ subject }: RequestFacts): string | undefined {
  const names = subject.filter(({ name }) => name.replace('+', '') === 'commonName');
  if (names.length === 0) return 'its subject has no commonName';
  const broken = subject.find(({ value }) => /[\p{Cc}\u2028\u2029]/u.test(value) || value === '');
  if (broken) return `its subject's ${broken.name} is empty or has control characters`;
  for (const { name, value } of subject) {
    const expected = refuseByX520(name.replace('+', ''), value);
    if (expected)
      return `its subject's ${name.replace('+', '')} "${value.slice(0, 80)}" cannot be: expected ${expected}`;
  }
  return undefined;
}

function refuseExtensions({ extensions }: RequestFacts, isNameCopied: boolean): string | undefined {
  for (const [key, value] of extensions) {
    if (GIVEN_BY_CA.includes(key)) continue;
    if (key === 'basicConstraints') {
      if (!/^(critical, )?CA:FALSE$/.test(value)) return 'it asks to be a CA';
    } else if (key !== 'subjectAltName') return `it asks for the extension ${key}, which the CA does not give`;
    else if (!isNameCopied) return 'it asks for subjectAltName, which this profile does not take over';
    else {
      const refusal = refuseNames(namesOf(value));
      if (refusal) return `its subjectAltName ${refusal}`;
    }
  }
  return undefined;
}

function refuseNames(names: readonly string[]): string | undefined {
  if (names.length === 0) return 'is empty (RFC 5280, 4.2.1.6)';
  const strange = names.find(name => !IS_PRINTABLE.test(name));
  if (strange !== undefined) return `has ${JSON.stringify(strange)}: names are printable ASCII (RFC 5280, 4.2.1.6)`;
  const other = names.find(name => !NAME_KINDS.includes(name.split(':')[0]!));
  if (other) return `has ${other}; kinds that are taken over: ${NAME_KINDS.join(', ')}`;
  const wrong = names.find(name => !isName(name));
  return (
    wrong && `has ${JSON.stringify(wrong)}, which is no such name: they are DNS:host, IP:address, URI:uri, email:a@b`
  );
}

/** The names of a subjectAltName; a comma or a backslash inside one has a backslash before it. */
export const namesOf = (value: string): string[] =>
  (value.match(/(?:\\[\s\S]|[^\\,])+/g) ?? [])
    .map(word => word.trimStart().replace(/\\([\\,])/g, '$1'))
    .filter(word => word !== 'critical');
