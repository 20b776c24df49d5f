// What a key that signs needs, which neither its own section nor its issuer tells: said of the whole hierarchy.
import type { ConfigProblem } from '../errors.ts';
import { type Hierarchy, problemOf } from './hierarchy.ts';
import type { Fact, Facts } from './ini-text.ts';
import { type Entity, hasKey, isPss, isSelfSigned } from './types.ts';
import { placeOf } from './values.ts';

/** `written` are the facts of each stem's files, what an empty value removes among them. */
export function checkSigners(
  hierarchy: Hierarchy,
  written: ReadonlyMap<string, Facts>,
  problems: ConfigProblem[],
): void {
  const issuers = new Set([...hierarchy.values()].filter(each => !isSelfSigned(each)).map(({ issuer }) => issuer));
  for (const entity of hierarchy.values())
    for (const section of sectionsOfCas(entity, issuers)) {
      if (entity.facts.get(section)?.has('keyUsage')) continue;
      const lines = written.get(entity.stem)?.get(section);
      const { file, line } = lines?.get('keyUsage') ?? placeOf(lines, entity.file);
      const expected = 'keyCertSign among other words, since it is a CA (RFC 5280 4.2.1.3)';
      problems.push({ file, line, section, key: 'keyUsage', found: lines?.get('keyUsage')?.value, expected });
    }
  checkDigests(hierarchy, problems);
}

/** Sections of CA certificates in a path: the plain form of a UEFI key is in none, and may be without. */
function sectionsOfCas(entity: Entity, issuers: ReadonlySet<string>): string[] {
  const isInPath = !isSelfSigned(entity) || issuers.has(entity.stem) || entity.issued.size > 0;
  const own = entity.isCa && isInPath && !entity.supplied ? ['certificate'] : [];
  const issued = [...entity.issued].filter(([, { isCa }]) => isCa).map(([name]) => `issued ${name}`.trim());
  return [...own, ...issued];
}

/** No OpenSSL 3 signs so (3.5 says "rsa_generate_signature_aid: internal error"): it cannot write the algorithm's parameters. */
function checkDigests(hierarchy: Hierarchy, problems: ConfigProblem[]): void {
  const told = new Set<Fact | undefined>();
  for (const entity of hierarchy.values()) {
    const fact = entity.facts.get('')?.get('digest');
    if (!isPss(entity) || !hasKey(entity) || !entity.digest.startsWith('sha3-') || told.has(fact)) continue;
    told.add(fact);
    const expected = `sha256, sha384 or sha512, since ${entity.stem} signs with RSA-PSS: openssl makes no such signature with SHA-3`;
    problems.push(problemOf(entity, '', 'digest', expected));
  }
}
