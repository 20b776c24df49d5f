// Is what others took the place of still what its name says? Lists by a key that a CA had before are made of it.

import { RETIRED } from '../store/names.ts';
import { keptOf } from '../store/retired.ts';
import { error, type Finding } from './finding.ts';
import type { Inspection } from './inspection.ts';
import { alone, checkPair, readKey } from './pairs.ts';

export async function checkRetired({
  directory: { path },
  entries,
  passphrasesOf,
  surroundings,
}: Inspection): Promise<Finding[]> {
  const inDirectory = { ...surroundings, folder: path };
  const findings: Finding[] = [];
  const stems = entries.flatMap(({ file, kind }) =>
    kind === 'folder' && file.startsWith(`${RETIRED}/`) ? [file.slice(RETIRED.length + 1)] : [],
  );
  for (const stem of stems)
    for (const { serial, file, key, certificate } of keptOf(path, stem)) {
      if (file !== undefined && !certificate) findings.push(mismatch(file, serial));
      if (key === undefined) continue;
      if (file === undefined) findings.push(alone(key, `${serial}.pem`));
      const opened = await readKey(path, key, passphrasesOf(stem), inDirectory);
      if ('finding' in opened) findings.push(opened.finding);
      else if (file !== undefined && certificate) findings.push(...checkPair({ file, certificate }, key, opened));
    }
  return findings;
}

const mismatch = (file: string, serial: string): Finding =>
  error(
    'retired-mismatch',
    file,
    `it does not hold the certificate of serial number ${serial}`,
    'restore it from a backup; its issuer may have a copy in .pki/CA/issued/',
  );
