// What a renewal writes besides certificates: databases, what was replaced, the manifest; and what of all that is news.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { copyWithRows, indexFile } from '../authority/database.ts';
import { refuseMalformed } from '../authority/sound-database.ts';
import { variablesOf } from '../plan/renewal.ts';
import { indexRow } from '../store/ca-database.ts';
import { serialOf } from '../store/database-rows.ts';
import { byStem } from '../store/directory.ts';
import { firstCertificate, writeNew } from '../store/files.ts';
import {
  describeEntity,
  describeSources,
  describeVariable,
  formatManifest,
  type Manifest,
  ownSources,
  readManifest,
} from '../store/manifest.ts';
import { fieldUpdateFile, HIDDEN, issuedFile, keyFile, MANIFEST, retiredFile } from '../store/names.ts';
import { digestOf } from '../store/signature-digest.ts';
import type { Renewal } from './renew.ts';

/** Databases, what was replaced, and the manifest, in the order in which they are published. */
export function writeRecords(staging: string, renewal: Renewal): string[] {
  const { directory, selection, inputs, authorities } = renewal;
  const { path } = directory;
  const there = byStem(directory.certificates);
  const files: string[] = [];
  const put = (file: string, content: string | Buffer, mode?: number) => {
    mkdirSync(dirname(join(staging, file)), { recursive: true });
    writeNew(join(staging, file), content, mode);
    files.push(file);
  };
  for (const stem of selection.entities) {
    const { file, certificate } = there.get(stem)!;
    const serial = serialOf(certificate.serialNumber);
    put(retiredFile(stem, serial, 'pem'), firstCertificate(join(path, file)));
    if (selection.rekeyed.has(stem) && directory.keys.has(stem))
      put(retiredFile(stem, serial, 'key'), readFileSync(join(path, keyFile(stem))), 0o600);
    // The next one, which this PK signs, is for machines that took this one before.
    const update = join(path, fieldUpdateFile(stem, false));
    if (existsSync(update)) put(retiredFile(stem, serial, 'auth'), readFileSync(update));
  }
  for (const ca of authorities.keys()) {
    const mine = [...selection.entities].filter(stem => inputs.hierarchy.get(stem)!.issuer === ca);
    const issued = mine.map(stem => issuedFile(ca, inputs.serialOf(stem)));
    // One that is imported may have been issued by this very database.
    const fresh = issued.filter(file => !existsSync(join(path, file)));
    const rows = fresh.map(file => indexRow(firstCertificate(join(staging, file))));
    refuseMalformed(path, ca);
    mkdirSync(dirname(join(staging, indexFile(ca))), { recursive: true });
    copyWithRows(join(path, indexFile(ca)), join(staging, indexFile(ca)), rows.join(''));
    files.push(indexFile(ca));
  }
  const older = readManifest(path);
  if (older) put(MANIFEST, formatManifest({ ...older, ...recorded(staging, renewal, older) }, older));
  return files;
}

function recorded(staging: string, { selection: { entities }, inputs, lists, settings }: Renewal, older: Manifest) {
  const all = [...entities].map(stem => [stem, describeEntity(inputs.hierarchy.get(stem)!, staging)] as const);
  const filled = variablesOf(inputs).flatMap(({ stem, variable }) => {
    const entity = older.entities[stem];
    return entity ? [[stem, { ...entity, ...describeVariable(variable) }] as const] : [];
  });
  const variables = variablesOf(inputs).map(
    ({ variable: { name } }) => [name, inputs.timeOf(name).toISOString()] as const,
  );
  const others = variablesOf(inputs).map(({ stem }) => [stem, (lists.get(stem)?.all ?? []).map(digestOf)] as const);
  return {
    entities: Object.fromEntries([...filled, ...all]),
    updates: Object.fromEntries(variables),
    others: Object.fromEntries(others),
    sources: { ...older.sources, ...ownSources(describeSources(settings.sources)) },
  };
}

/** What is retired and what is in the databases is there before anybody sees a new certificate; the manifest is last. */
export function inOrder(files: readonly string[]): string[] {
  const rank = (file: string) => (file === MANIFEST ? 2 : file.startsWith(`${HIDDEN}/`) ? 0 : 1);
  return [...files].sort((a, b) => rank(a) - rank(b));
}

export function isChanged(outDir: string, staging: string, file: string): boolean {
  const own = readFileSync(join(staging, file));
  return !existsSync(join(outDir, file)) || !readFileSync(join(outDir, file)).equals(own);
}
