// Do the certificates, lists and updates say what the manifest recorded, and was the last run finished?
import { shellWord } from '../model/shell-word.ts';
import { parseSignatureLists } from '../model/signature-list.ts';
import { readContained } from '../store/contained-file.ts';
import type { PkiDirectory } from '../store/directory.ts';
import type { Manifest } from '../store/manifest.ts';
import { JOURNAL, listFile, MANIFEST, updateFile } from '../store/names.ts';
import { error, type Finding, warning } from './finding.ts';
import type { Inspection } from './inspection.ts';
import { readUpdate } from './updates.ts';

export function checkManifest({ directory, record, entries, variables }: Inspection): Finding[] {
  const interrupted = entries.some(({ file }) => file === JOURNAL)
    ? [error('interrupted', JOURNAL, 'a run was stopped while it moved files in', finishing(directory))]
    : [];
  if (record.state === 'absent') return interrupted;
  if (record.state !== 'read') return [...interrupted, unreadable(record.state)];
  const { manifest } = record;
  const stems = new Map(variables.map(({ stem, variable }) => [variable.name as string, stem]));
  return [
    ...interrupted,
    ...checkCertificates(directory, manifest),
    ...Object.entries(manifest.owners).flatMap(([stem, owner]) => checkOwner(directory, stem, owner)),
    ...Object.entries(manifest.updates).flatMap(([name, time]) => checkUpdateTime(directory, stems.get(name), time)),
  ];
}

/** By the directory's own path: `generate` does not write through a link. */
const finishing = ({ path }: PkiDirectory): string => `trustme-pki generate --dir ${shellWord(path)} finishes it`;

const unreadable = (state: 'unreadable' | 'unknown-schema'): Finding =>
  state === 'unreadable'
    ? error('manifest-unreadable', MANIFEST, 'it is no manifest', 'restore it, or remove it: it is not needed')
    : warning('manifest-schema', MANIFEST, 'another version of trustme-pki wrote it', 'use that version');

const mismatch = (file: string, message: string): Finding =>
  error(
    'manifest-mismatch',
    file,
    message,
    'put the recorded file back, or remove the manifest where the new one is meant',
  );

function checkCertificates({ certificates, unreadable }: PkiDirectory, { entities }: Manifest): Finding[] {
  const byFile = new Map(certificates.map(each => [each.file, each.certificate]));
  return Object.values(entities).flatMap(({ certificate: file, sha256 }) => {
    if (unreadable.includes(file)) return [];
    const held = byFile.get(file);
    if (!held) return [missing(file)];
    return held.fingerprint256 === sha256 ? [] : [mismatch(file, 'it is not the certificate that was recorded')];
  });
}

const missing = (file: string): Finding =>
  error('file-missing', file, 'it was made, and is gone', 'restore it, or generate a new directory');

/** The owner GUID of a certificate in every list that holds it. */
function checkOwner({ path, certificates, lists }: PkiDirectory, stem: string, owner: string): Finding[] {
  const held = certificates.find(each => each.stem === stem)?.certificate.raw;
  return [...lists].flatMap(list => {
    const signatures = held ? signaturesOf(path, listFile(list)) : [];
    return signatures.some(({ data, owner: own }) => held!.equals(data) && own !== owner.toLowerCase())
      ? [mismatch(listFile(list), `the owner of ${stem} in it is not the recorded one`)]
      : [];
  });
}

function signaturesOf(path: string, file: string) {
  try {
    return parseSignatureLists(readContained(path, file));
  } catch {
    return []; // The lists themselves are asked about elsewhere.
  }
}

/** EFI_TIME has whole seconds. */
function checkUpdateTime({ path, updates }: PkiDirectory, stem: string | undefined, time: string): Finding[] {
  if (stem === undefined) return [];
  const file = updateFile(stem);
  if (!updates.has(stem)) return [missing(file)];
  const update = readUpdate(path, file);
  if ('code' in update) return [];
  const seconds = (date: Date) => Math.floor(date.getTime() / 1000);
  return seconds(update.time) === seconds(new Date(time)) ? [] : [mismatch(file, 'its time is not the recorded one')];
}
