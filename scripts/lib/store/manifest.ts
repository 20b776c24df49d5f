// The manifest: what was made from what, when and by which tools. It holds no secret.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { formatKeyType } from '../model/key-type.ts';
import { VARIABLE_NAME } from '../model/passphrase.ts';
import type { SourceFile } from '../model/sources.ts';
import { type Entity, hasPssKey, isFromElsewhere, type Variable } from '../model/types.ts';
import { words } from '../model/values.ts';
import { parseCertificate } from './certificate.ts';
import { readContained } from './contained-file.ts';
import type { PkiDirectory } from './directory.ts';
import { firstCertificate } from './files.ts';
import { certificateFile, MANIFEST } from './names.ts';

interface ManifestEntity {
  readonly certificate: string;
  readonly issuer: string;
  readonly keyType: string;
  /** Upper-case hexadecimal. */
  readonly serial: string;
  readonly sha256: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly configuration: string;
  /** Names of the variables that may hold the passphrase of its key, as `passphrase-env` has them. */
  readonly passphraseVariables?: string;
  /** The UEFI variable that it fills, the stems that its list contains, and the stem that authorises its updates. */
  readonly variable?: string;
  readonly contains?: string;
  readonly authoriser?: string;
  /** Where its key was made elsewhere, or for another entity: it says nothing of --key-type. */
  readonly key?: 'given';
}

/** Version 1 of `.pki/manifest.json`. Times are ISO 8601, UTC. */
export interface Manifest {
  readonly schema: 1;
  readonly program: string;
  readonly openssl: string;
  readonly created: string;
  readonly brand: string;
  readonly entities: Readonly<Record<string, ManifestEntity>>;
  /** SignatureOwner GUIDs by stem. */
  readonly owners: Readonly<Record<string, string>>;
  /** Time stamps of the authenticated updates by variable. */
  readonly updates: Readonly<Record<string, string>>;
  /** What the lists of UEFI variables hold besides our certificates: SHA-256 of each, by the stem of the list. */
  readonly others?: Readonly<Record<string, readonly string[]>>;
  /** SHA-256 of each configuration file that was read. */
  readonly sources: Readonly<Record<string, string>>;
}

/** `absent`: no manifest; `unreadable` and `unknown-schema`: one that we do not understand. */
export type ManifestRecord =
  | { readonly state: 'absent' | 'unreadable' | 'unknown-schema' }
  | { readonly state: 'read'; readonly manifest: Manifest };

/** The manifest as anybody may have left it. */
export function readRecord(root: string): ManifestRecord {
  let text: string;
  try {
    text = readContained(root, MANIFEST).toString('utf8');
  } catch {
    return { state: existsSync(join(root, MANIFEST)) ? 'unreadable' : 'absent' };
  }
  try {
    const manifest: unknown = JSON.parse(text);
    if (!isObject(manifest)) return { state: 'unreadable' };
    if (manifest.schema !== 1) return { state: 'unknown-schema' };
    return isManifest(manifest)
      ? { state: 'read', manifest: manifest as unknown as Manifest }
      : { state: 'unreadable' };
  } catch {
    return { state: 'unreadable' };
  }
}

/** What can be relied on of a manifest; undefined: there is none that we understand. */
export function readManifest(root: string): Manifest | undefined {
  const record = readRecord(root);
  return record.state === 'read' ? record.manifest : undefined;
}

const isObject = (value: unknown): value is { [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): boolean =>
  isObject(value) && Object.values(value).every(each => typeof each === 'string');

const isRecorded = ({ certificate, sha256, passphraseVariables }: Partial<ManifestEntity>): boolean =>
  certificate !== undefined &&
  sha256 !== undefined &&
  words(passphraseVariables).every(name => VARIABLE_NAME.test(name));

const isManifest = ({ entities, owners, updates, others = {}, sources, brand, created }: { [key: string]: unknown }) =>
  isObject(entities) &&
  Object.values(entities).every(each => isTexts(each) && isRecorded(each as ManifestEntity)) &&
  [owners, updates, sources].every(isTexts) &&
  isObject(others) &&
  Object.values(others).every(Array.isArray) &&
  [brand, created].every(each => typeof each === 'string');

/** The brand that a directory was made with; undefined where nothing tells: the old scripts had one of two. */
export function brandOf({ path, certificates }: Pick<PkiDirectory, 'path' | 'certificates'>): string | undefined {
  const root = certificates.find(({ stem }) => stem === 'gen_rootca')?.certificate.subject ?? '';
  return readManifest(path)?.brand ?? /^CN=(GyroidOS|trustme) /m.exec(root)?.[1];
}

/** Describes the certificate of an entity in `folder`. */
export function describeEntity(entity: Entity, folder: string): ManifestEntity {
  const certificate = certificateFile(entity);
  const { serialNumber, fingerprint256, validFrom, validTo } = parseCertificate(
    firstCertificate(join(folder, certificate)),
  );
  return {
    certificate,
    issuer: entity.issuer,
    keyType: `${formatKeyType(entity.keyType)}${hasPssKey(entity) ? ' (rsa-pss)' : ''}`,
    serial: serialNumber,
    sha256: fingerprint256,
    notBefore: new Date(validFrom).toISOString(),
    notAfter: new Date(validTo).toISOString(),
    configuration: entity.file,
    ...(entity.passphraseVariables.length > 0 ? { passphraseVariables: entity.passphraseVariables.join(' ') } : {}),
    ...(entity.variable ? describeVariable(entity.variable) : {}),
    ...(isFromElsewhere(entity) || entity.keyOf !== entity.stem ? { key: 'given' } : {}),
  };
}

export const describeVariable = ({ name, contains, authoriser }: Variable) => ({
  variable: name,
  contains: contains.join(' '),
  authoriser,
});

export const describeSources = (files: readonly SourceFile[]): Record<string, string> =>
  Object.fromEntries(files.map(({ file, text }) => [file, createHash('sha256').update(text).digest('hex')]));

/** Whether a file, as messages name it, is of the shipped configuration. */
export const isShipped = (file: string): boolean => file.startsWith('openssl-conf/');

/** Those that are not of the shipped configuration. */
export const ownSources = (sources: Manifest['sources'] = {}): Manifest['sources'] =>
  Object.fromEntries(Object.entries(sources).filter(([file]) => !isShipped(file)));

/** Text of a manifest; what an older one of the directory says is kept where the new one says nothing. */
export function formatManifest(manifest: Manifest, older: Manifest | undefined): string {
  const merged = {
    ...manifest,
    created: older?.created ?? manifest.created,
    entities: { ...older?.entities, ...manifest.entities },
    owners: { ...older?.owners, ...manifest.owners },
    updates: { ...older?.updates, ...manifest.updates },
    others: { ...older?.others, ...manifest.others },
    sources: { ...ownSources(older?.sources), ...manifest.sources },
  };
  return `${JSON.stringify(merged, null, 2)}\n`;
}
