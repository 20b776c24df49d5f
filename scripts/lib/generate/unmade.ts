// Entities that a configuration of one's own has and a PKI directory that is there lacks: `generate` leaves it as it is.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isPkiError } from '../errors.ts';
import { shellWord } from '../model/shell-word.ts';
import { certificateFile } from '../store/names.ts';
import { readSettings } from '../store/settings.ts';
import type { GenerateOptions } from './generate.ts';

/** A warning, or undefined. A configuration that cannot be read stops nothing here, since nothing is made of it. */
export function warningOfUnmade(outDir: string, options: GenerateOptions): string | undefined {
  const { brand, keyType, configurationFolders, hasPlatformKeys } = options;
  try {
    const { hierarchy } = readSettings(configurationFolders, { brand, keyType, now: new Date() }).configuration;
    const unmade = [...hierarchy.values()]
      .filter(entity => (hasPlatformKeys || !entity.variable) && !existsSync(join(outDir, certificateFile(entity))))
      .map(({ stem }) => stem);
    if (unmade.length === 0) return undefined;
    const folders = configurationFolders.map(folder => ` --conf ${shellWord(folder)}`).join('');
    return [
      `"${options.outDir}" is there, and has no ${unmade.join(', ')}: nothing of the configuration is added to it`,
      `trustme-pki: hint: trustme-pki plan --diff --dir ${shellWord(options.outDir)}${folders}`,
    ].join('\n');
  } catch (error) {
    if (!isPkiError(error)) throw error;
    return `the configuration was not compared with "${options.outDir}": ${error.message}`;
  }
}
