// What every question of `verify` gets: the directory, read once, and what is known of how it was made.
import type { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from '../errors.ts';
import type { Overrides } from '../model/configuration.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import type { Entity } from '../model/types.ts';
import type { VariableFiles } from '../model/uefi.ts';
import { type Surroundings, surroundingsIn } from '../run/exec.ts';
import { type CertificateFacts, describeCertificate } from '../store/certificate-facts.ts';
import { type PkiDirectory, readPkiDirectory } from '../store/directory.ts';
import { type Entry, listEntries } from '../store/inventory.ts';
import { type Manifest, type ManifestRecord, readRecord } from '../store/manifest.ts';
import { readSettings, type Settings } from '../store/settings.ts';
import type { PassphrasesOf } from './pairs.ts';
import { findIssuers, type Issuers } from './paths.ts';
import { overridesOf, recordedVariables, variablesAsMade, withRecorded } from './record.ts';
import { type WaitingKeys, waitingKeys } from './requests.ts';

export interface VerifyOptions {
  readonly expiresWithinDays: number;
  /** Whether it is asked to be fit for production. */
  readonly isProduction?: boolean;
  readonly environment: NodeJS.ProcessEnv;
  /** Configuration folders of one's own: what the directory is compared with. */
  readonly configurationFolders?: readonly string[];
  /** The time for which it is asked; the system's by default. */
  readonly now?: Date;
}

export interface Inspection {
  readonly directory: PkiDirectory;
  readonly entries: readonly Entry[];
  /** What the manifest says. */
  readonly record: ManifestRecord;
  readonly settings: Settings;
  /** UEFI variables: those of the configuration, where none is given as the manifest has them. */
  readonly variables: readonly VariableFiles[];
  readonly issuers: Issuers;
  /** Keys whose certificates are still to come. */
  readonly waiting: WaitingKeys;
  /** What a certificate of the directory says, worked out once. */
  readonly factsOf: (certificate: X509Certificate) => CertificateFacts;
  readonly passphrasesOf: PassphrasesOf;
  readonly now: Date;
  readonly options: VerifyOptions;
  /** A folder for passing files to openssl. */
  readonly scratch: string;
  readonly surroundings: Surroundings;
}

/** Reads everything of `root` that several questions need. Throws a ConfigError where the configuration has mistakes. */
export function inspect(
  root: string,
  options: VerifyOptions,
  scratch: string,
  controller: AbortController,
): Inspection {
  const { environment, now = new Date() } = options;
  const entries = listEntries(root);
  const directory = readPkiDirectory(root);
  const record = readRecord(root);
  const folders = options.configurationFolders ?? [];
  const manifest = record.state === 'read' ? record.manifest : undefined;
  const settings = withRecorded(readAsMade(folders, record, now), folders, manifest);
  const surroundings = surroundingsIn(scratch, environment, controller);
  return {
    directory,
    entries,
    record,
    settings,
    variables: variablesAsMade(settings.configuration.hierarchy, folders.length === 0 ? manifest : undefined),
    issuers: findIssuers(directory.certificates, now),
    waiting: waitingKeys(root, entries),
    factsOf: makeFactsOf(),
    passphrasesOf: passphrasesOf(settings.configuration.hierarchy, manifest, surroundings.secretOf),
    now,
    options,
    scratch,
    surroundings,
  };
}

function makeFactsOf(): Inspection['factsOf'] {
  const known = new Map<X509Certificate, CertificateFacts>();
  return certificate => {
    const facts = known.get(certificate) ?? describeCertificate(certificate.raw);
    known.set(certificate, facts);
    return facts;
  };
}

/** With what `generate` was told beside the configuration, in both of its phases. */
function readAsMade(folders: readonly string[], record: ManifestRecord, now: Date): Settings {
  const [first, second] = [false, true].map(isPlatform => overridesOf(record, now, isPlatform)) as [
    Overrides,
    Overrides,
  ];
  const settings = readAsTold(folders, first, now);
  if (isDeepStrictEqual(first, second)) return settings;
  const { configuration } = settings;
  const platform = readAsTold(folders, second, now).configuration.hierarchy;
  const own = (entity: Entity) => (entity.variable && platform.get(entity.stem)) || entity;
  const hierarchy = new Map([...configuration.hierarchy].map(([stem, entity]) => [stem, own(entity)]));
  return { ...settings, configuration: { ...configuration, hierarchy } };
}

/** As far as the manifest says that and it can be. */
function readAsTold(folders: readonly string[], overrides: Overrides, now: Date): Settings {
  try {
    return readSettings(folders, overrides);
  } catch (failure) {
    if (!(failure instanceof ConfigError)) throw failure;
    return readSettings(folders, { now });
  }
}

/** Its own variables first, then all that any entity knows: the keys of a stem that we do not know may have any. */
function passphrasesOf(
  hierarchy: Hierarchy,
  manifest: Manifest | undefined,
  secretOf: Surroundings['secretOf'],
): PassphrasesOf {
  const ownOf = (stem: string) => hierarchy.get(stem)?.passphraseVariables ?? recordedVariables(manifest, stem);
  const all = [...hierarchy.keys(), ...Object.keys(manifest?.entities ?? {})].flatMap(ownOf);
  return stem => {
    const own = ownOf(stem);
    const tried = [...new Set([...own, ...all])].filter(name => secretOf(name) !== undefined);
    return { tried, own };
  };
}
