// Errors of the system in words for people: what could not be done to which file, why, and what to do about it.
// Source: errno(3), and the syscall names that node gives.
import { constants } from 'node:os';

/** Code to reason and remedy. */
const REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  EACCES: ['permission denied', 'run as a user who may, or change its mode or that of its folder'],
  EPERM: ['not permitted', 'run as its owner, or change the mode of its folder'],
  EROFS: ['the file system is read-only', 'work where files can be written'],
  ENOSPC: ['the disk is full', 'make room and run again'],
  EDQUOT: ['the quota is used up', 'make room and run again'],
  ENOENT: ['it is not there', 'look whether the name is right, and whether something removes files meanwhile'],
  ENOTDIR: ['a part of its path is a file', 'give a path through folders'],
  EISDIR: ['it is a folder', 'give the name of a file'],
  EEXIST: ['it is there already', 'move it away and run again'],
  ELOOP: ['symbolic links lead in a circle', 'give a path without them'],
  ENAMETOOLONG: ['the name is too long', 'give a shorter one'],
  EADDRINUSE: ['another program has it', 'give another'],
  EAGAIN: ['too many processes run', 'raise the limit: ulimit -u'],
  EFBIG: ['the file is larger than it may be', 'raise the limit: ulimit -f'],
  EMFILE: ['too many files are open', 'raise the limit: ulimit -n'],
};

const ACTIONS: Readonly<Record<string, string>> = {
  open: 'open',
  read: 'read',
  scandir: 'read the folder',
  opendir: 'read the folder',
  readlink: 'read the link',
  stat: 'look at',
  lstat: 'look at',
  mkdir: 'make the folder',
  mkdtemp: 'make the folder',
  unlink: 'remove',
  rm: 'remove',
  rmdir: 'remove',
  chmod: 'change the mode of',
  spawn: 'start',
  spawnSync: 'start',
  uv_cwd: 'find the working directory',
};

/** The reason of an error with this code in words, and the code: `it is not there (ENOENT)`. */
export const systemReason = (code: string | undefined): string => {
  const [reason] = REASONS[code ?? ''] ?? [];
  return reason === undefined ? String(code) : `${reason} (${code})`;
};

/** undefined: it is no error of the system. Of two paths, such as those of a rename, the second is told. */
export function explainSystemError(error: unknown): { message: string; hint: string } | undefined {
  const { code: given, syscall, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  const code = typeof given === 'string' ? given.replace(/^ERR_FS_/, '') : ''; // as node's rm says it
  if (typeof syscall !== 'string' || !(code in constants.errno)) return undefined;
  const hint = REASONS[code]?.[1] ?? 'mend that and run again';
  const file = dest ?? path;
  return {
    message: `cannot ${ACTIONS[syscall.split(' ')[0]!] ?? 'write'}${file === undefined ? '' : ` "${file}"`}: ${systemReason(code)}`,
    hint,
  };
}
