// Who may read the private keys, and change what lies in the directory?
import { command } from '../plan/job.ts';
import { commandLine } from '../plan/shell.ts';
import type { Entry } from '../store/inventory.ts';
import { error, type Finding, warning } from './finding.ts';
import type { Inspection } from './inspection.ts';

const GROUP_AND_OTHERS = 0o077;
const WRITE_OF_OTHERS = 0o002;

/** Files with private keys by their names. */
const HOLDS_KEY = /^([^/]+\.(key|p12)|certs\/signing_key\.pem)$/;

export const checkModes = ({ entries }: Inspection): Finding[] => entries.flatMap(checkMode);

function checkMode({ file, kind, mode }: Entry): Finding[] {
  const bits = mode.toString(8).padStart(4, '0');
  if (kind === 'file' && HOLDS_KEY.test(file) && mode & GROUP_AND_OTHERS)
    return [
      error('key-mode', file, `others than its owner may use this private key (mode ${bits})`, lineFor('600', file)),
    ];
  if (kind === 'folder' && mode & WRITE_OF_OTHERS)
    return [warning('folder-mode', file, `everybody may change what lies in it (mode ${bits})`, lineFor('o-w', file))];
  return [];
}

const lineFor = (mode: string, file: string): string => commandLine(command('chmod', [mode, '--', file]));
