// Who may read the private keys, and change what lies in the directory?
import { command } from '../plan/job.ts';
import { commandLine } from '../plan/shell.ts';
import type { Entry } from '../store/inventory.ts';
import { error, type Finding, warning } from './finding.ts';
import type { Inspection } from './inspection.ts';

const GROUP_AND_OTHERS = 0o077;
const WRITE_OF_OTHERS = 0o002;

/** Files with private keys by their names: of today, replaced, of requests that wait, and drafts that a killed run left. */
const HOLDS_KEY =
  /^((.+\/)?[^/]+\.(key|p12)(\.trustme-pki\.\d+)?|certs\/(signing_key\.pem|\.signing_key\.pem\.trustme-pki)|\.pki\/requests\/[^/]+\/key)$/;

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
