// The hierarchy of a configuration into a picture: what `generate` would make now. Nothing is read.
import type { Configuration } from '../model/configuration.ts';
import { EXTENSION_KEYS, isOid } from '../model/extensions.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { formatKeyType } from '../model/key-type.ts';
import { plainSubject } from '../model/subject.ts';
import { type Entity, type Extension, hasKey, hasPssKey, isSelfSigned, type Variable } from '../model/types.ts';
import { validityOf } from '../model/validity.ts';
import { DERIVED_EXPORTS } from '../store/exports.ts';
import { certificateFile, keyFileOf, listFile, updateFile } from '../store/names.ts';
import { readerOf } from '../store/readers.ts';
import { groupRoots, type Picture, type PictureCertificate, type PictureFile, type Role } from './picture.ts';
import { type Clock, stateOf } from './status.ts';

interface Context {
  readonly clock: Clock;
  readonly hierarchy: Hierarchy;
  readonly issuedBy: ReadonlyMap<string, readonly Entity[]>;
  readonly variables: readonly Variable[];
}

export function pictureOfConfiguration({ hierarchy, brand }: Configuration, clock: Clock): Picture {
  const entities = [...hierarchy.values()];
  const context = {
    clock,
    hierarchy,
    issuedBy: issuedByStem(entities),
    variables: entities.map(({ variable }) => variable).filter(variable => variable !== undefined),
  };
  const roots = entities.filter(isSelfSigned).map(root => certificateOf(root, context));
  const now = clock.now.toISOString();
  return {
    schema: 1,
    source: 'configuration',
    title: `configuration of ${brand}`,
    now,
    groups: groupRoots(roots),
    findings: [],
  };
}

function issuedByStem(entities: readonly Entity[]): Map<string, Entity[]> {
  const issuedBy = new Map<string, Entity[]>(entities.map(({ stem }) => [stem, []]));
  for (const entity of entities) if (!isSelfSigned(entity)) issuedBy.get(entity.issuer)?.push(entity);
  return issuedBy;
}

function certificateOf(entity: Entity, context: Context): PictureCertificate {
  const { notBefore, notAfter } = validityOf(entity.certificate, context.clock.now);
  const { stem, variable } = entity;
  return {
    stem,
    file: certificateFile(entity),
    commonName: commonNameOf(entity),
    role: roleOf(entity),
    subject: plainSubject(entity),
    issuer: commonNameOf(context.hierarchy.get(entity.issuer) ?? entity),
    isIssuerKnown: true,
    keyType: `${formatKeyType(entity.keyType)}${hasPssKey(entity) ? ' (rsa-pss)' : ''}`,
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    state: stateOf(notBefore, notAfter, context.clock),
    extensions: extensionsOf(entity),
    serial: undefined,
    signature: undefined,
    sha256: undefined,
    files: filesOf(entity),
    variable,
    heldBy: context.variables.filter(({ contains }) => contains.includes(stem)).map(({ name }) => name),
    issuedToRequests: 0,
    findings: [],
    issued: (context.issuedBy.get(stem) ?? []).map(each => certificateOf(each, context)),
  };
}

function roleOf(entity: Entity): Role {
  if (entity.variable) return 'UEFI key';
  if (!entity.isCa) return 'end-entity certificate';
  return isSelfSigned(entity) ? 'root CA' : 'subordinate CA';
}

const commonNameOf = (entity: Entity): string =>
  plainSubject(entity).findLast(({ name }) => /^\+?commonName$/.test(name))?.value ?? entity.stem;

/** Spelled as in the ini files. */
const extensionsOf = ({ facts }: Entity): Extension[] =>
  [...(facts.get('certificate') ?? [])]
    .filter(([key, { value }]) => value !== '' && (EXTENSION_KEYS.includes(key) || isOid(key)))
    .map(([name, { value }]) => ({ name, value }))
    .sort((a, b) => order(a.name) - order(b.name));

/** As in the certificate: those of an OID come last. */
const order = (key: string): number => EXTENSION_KEYS.indexOf(key) >>> 0;

function filesOf(entity: Entity): PictureFile[] {
  const file = certificateFile(entity);
  return [
    file,
    ...(hasKey(entity) && entity.keyOf === entity.stem ? [keyFileOf(entity)] : []),
    ...(entity.variable ? [listFile(entity.stem), updateFile(entity.stem)] : []),
    ...DERIVED_EXPORTS.filter(({ certificate }) => certificate === file).map(each => each.file),
  ].map(each => ({ file: each, reader: readerOf(each) }));
}
