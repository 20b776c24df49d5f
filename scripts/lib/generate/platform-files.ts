// Which files of the UEFI platform keys, and which trust anchors, a directory has.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isTaken } from '../store/files.ts';

/** Its presence tells that the platform keys are there; so it is the last that is put there. */
export const UPDATE_OF_DB = 'DB.auth';

const PLATFORM_FILES = ['PK', 'KEK', 'DB'].flatMap(stem =>
  ['key', 'crt', 'esl', 'auth'].map(extension => `${stem}.${extension}`),
);

export const missingPlatformFiles = (folder: string): string[] =>
  PLATFORM_FILES.filter(file => !existsSync(join(folder, file)));

/** Of files that are missing, those that are links to what is not there: on a stick that is not plugged in, say. */
export const danglingOf = (folder: string, missing: readonly string[]): string[] =>
  missing.filter(file => isTaken(join(folder, file)));

/** Whether a directory lacks what every PKI has, so that "already generated" alone would mislead. */
export const lacksTrustAnchor = (folder: string): boolean =>
  ['ssig_rootca.cert', 'gen_rootca.cert'].every(file => !existsSync(join(folder, file)));
