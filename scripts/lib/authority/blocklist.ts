// Keys that get no certificate: a text file, one SHA-256 of a DER subjectPublicKeyInfo a line, "#" begins a comment.
import { readFileSync } from 'node:fs';
import { UsageError } from '../errors.ts';
import { systemReason } from '../system-error.ts';

/** Hexadecimal, lower case. Throws a UsageError that names the line. */
export function readBlocklist(file: string): string[] {
  return read(file)
    .split(/\r?\n/)
    .flatMap((line, i) => {
      const digest = line.replace(/#.*/, '').replaceAll(':', '').trim().toLowerCase();
      if (digest === '') return [];
      if (/^[0-9a-f]{64}$/.test(digest)) return [digest];
      throw new UsageError(
        `"${file}" line ${i + 1} is no SHA-256 of a key`,
        'give 64 hexadecimal digits: openssl pkey -pubin -in KEY -outform DER | sha256sum',
      );
    });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `--blocklist "${file}" cannot be read: ${systemReason((error as NodeJS.ErrnoException).code)}`,
      'give a text file with the SHA-256 of a key on each line',
    );
  }
}
