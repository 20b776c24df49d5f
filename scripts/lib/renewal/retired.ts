// Certificates whose place others took: `.pki/retired/STEM/SERIAL.pem`.
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncPath, writeNew } from '../store/files.ts';
import { RETIRED, retiredFile } from '../store/names.ts';

export const isRetired = (path: string, serial: string): boolean =>
  existsSync(join(path, RETIRED)) &&
  readdirSync(join(path, RETIRED)).some(stem => existsSync(join(path, retiredFile(stem, serial, 'pem'))));

/** Keeps a certificate (PEM); relative path. */
export function retire(path: string, stem: string, serial: string, certificate: string): string {
  const file = retiredFile(stem, serial, 'pem');
  mkdirSync(dirname(join(path, file)), { recursive: true });
  if (!existsSync(join(path, file))) writeNew(join(path, file), certificate);
  syncPath(dirname(join(path, file)));
  return file;
}
