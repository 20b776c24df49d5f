// What a request asks for, in words for the people at the other machine.
import type { Hierarchy } from '../model/hierarchy.ts';
import { canonicalKeyType } from '../model/key-type.ts';
import { spoken } from '../model/protocol.ts';
import { plainSubject } from '../model/subject.ts';
import { type Entity, hasPssKey } from '../model/types.ts';
import { formatValidity } from '../model/validity.ts';
import type { RequestFacts } from '../store/request-facts.ts';
import { profileGiving, signCommand } from './profile.ts';

const titleOf = (stem: string): string => `What ${stem}.csr asks for\n`;
const digestLine = (sha256: string): string => `request:  SHA-256 ${spoken(sha256)}\n`;

/** Whether a text is one of these about a request of `stem`; of the very one with this digest (hexadecimal). */
export const describesWanted = (text: string, stem: string, sha256?: string): boolean =>
  text.startsWith(titleOf(stem)) && (sha256 === undefined || text.includes(digestLine(sha256)));

/** Plain text. The certificate that comes back is held against these values. `isKeyKept`: its key has one already. */
export function describeWanted(
  entity: Entity,
  hierarchy: Hierarchy,
  { sha256, keySha256 }: RequestFacts,
  isKeyKept: boolean,
): string {
  const { stem, issuer, certificate } = entity;
  const extensions = [...(entity.facts.get('certificate') ?? [])]
    .filter(([key, { value }]) => value !== '' && !/^(days|notBefore|notAfter)$/.test(key))
    .map(([key, { value }]) => `  ${key} = ${value}`);
  const giver = hierarchy.get(issuer);
  const lacking = `No profile of ${issuer} gives these extensions: in a configuration folder there, its ini file needs a section
[issued NAME] with them and days.

`;
  return `${titleOf(stem)}
${digestLine(sha256)}key:      SHA-256 ${spoken(keySha256)}
          ${canonicalKeyType(entity.keyType)}${hasPssKey(entity) ? ' (rsa-pss)' : ''}
subject:  ${spell(entity)}
issuer:   ${issuer}: ${giver ? spell(giver) : ''}
validity: ${formatValidity(certificate)}
extensions:
${extensions.join('\n')}

${profileGiving(entity, giver) === undefined ? lacking : ''}Where the key of ${issuer} is:

  ${signCommand(entity, giver, isKeyKept)}

Then, where the request was made:

  trustme-pki import ${stem} ${stem}.cert

Compare the fingerprints above, read aloud, with those that each command prints.
`;
}

const spell = (entity: Entity): string =>
  plainSubject(entity)
    .map(
      ({ name, value }, i) =>
        `${i === 0 ? '' : name.startsWith('+') ? ' + ' : ', '}${name.replace('+', '')} = ${value}`,
    )
    .join('');
