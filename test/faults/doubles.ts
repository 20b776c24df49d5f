// Doubles of tools: they stand in for the one command that is to fail; all others are the real ones.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tool } from '../helpers/door.ts';

const TOOLS = ['openssl', 'sign-efi-sig-list', 'cert-to-efi-sig-list', 'sbsign', 'sync'];

/** What a double does in the place of the one command; `output` is the file that the command makes. */
export const FAULTS: Readonly<Record<string, string>> = {
  'exit code': 'echo injected >&2; exit 7',
  'killed by a signal': 'kill -SEGV $$',
  'no space left': "echo 'No space left on device' >&2; exit 1",
  'output missing': '"$real" "$@" || exit; [ -z "$output" ] || rm -f "$output"; exit',
  'output empty': '"$real" "$@" || exit; [ -z "$output" ] || : >"$output"; exit',
  'output truncated': '"$real" "$@" || exit; [ -z "$output" ] || truncate -s 60 "$output"; exit',
  'output of garbage': '"$real" "$@" || exit; [ -z "$output" ] || head -c 300 /dev/urandom >"$output"; exit',
  'output a folder': '"$real" "$@" || exit; [ -z "$output" ] || { rm -f "$output"; mkdir "$output"; }; exit',
  'clock jumped ahead': 'exec faketime -f +400d "$real" "$@"',
  'clock jumped back': 'exec faketime -f -400d "$real" "$@"',
  'tool gone': 'exit 127',
};

/** The file that a command makes: what follows -out or --output, the last word of *-sig-list, the database of `openssl ca`. */
const OUTPUT = `output=''; before=''; config=''
  for word in "$@"; do
    case $before in -out | --output) output=$word ;; -config) config=$word ;; esac
    before=$word
  done
  case $0 in *-sig-list) output=$before ;; esac
  case $1 in ca) [ -n "$output" ] || output=$(sed -n 's/^database = //p' "$config") ;; esac
  case $output in /dev/*) output='' ;; esac`;

/** A folder of PATH whose tools count their calls, and fail in the call that `fault` (COUNT:KIND) names. */
export function makeDoubles(bin: string, fault: string): void {
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'count'), '0\n');
  writeFileSync(join(bin, 'fault'), `${fault}\n`);
  const cases = Object.entries(FAULTS).map(([kind, action]) => `    '${kind}') ${action} ;;`);
  for (const name of TOOLS) {
    const real = tool('sh', ['-c', `command -v ${name}`]).trim();
    writeFileSync(
      join(bin, name),
      `#!/bin/bash
real=${real}
exec 9>>'${bin}/lock'; flock 9
read -r count <'${bin}/count'; echo $((count + 1)) >'${bin}/count'
IFS=: read -r at kind <'${bin}/fault'
exec 9>&-
if [ "$((count + 1))" = "$at" ]; then
  ${OUTPUT}
  case $kind in
${cases.join('\n')}
  esac
fi
exec "$real" "$@"
`,
      { mode: 0o755 },
    );
  }
}
