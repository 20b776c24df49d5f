// `trustme-pki doctor`: tools, versions and token roads of this machine. Exit 0: generate works here, 1: it does not.
import { diagnose, formatDiagnoses, isAble } from '../lib/check/doctor.ts';
import { printableLines, UsageError } from '../lib/errors.ts';
import { surroundingsIn } from '../lib/run/exec.ts';
import { readSettings } from '../lib/store/settings.ts';
import { COMMON, parseWords, readFolders } from '../options.ts';
import type { VerbContext } from './verb.ts';

const HELP = `usage: trustme-pki doctor [options]

Looks at the tools of this machine and their versions, and at the roads to PKCS #11 tokens. With a configuration whose
keys are in tokens, each of them signs a trial (one login; a wrong PIN is tried once). Exit 1 where something that is
needed is missing or fails.

  --conf DIR         a configuration folder of your own, repeatable (TRUSTME_PKI_CONF)
  --dir DIR          changes nothing: no directory is looked at
  --json             print the result as JSON
  --quiet            print nothing: the exit code alone

example: trustme-pki doctor --conf conf`;

export async function doctorVerb({ words, environment, controller, print }: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki doctor', words, COMMON);
  if (given.help) return print(HELP);
  if (positionals.length > 0) throw new UsageError(`unexpected "${positionals[0]}"`, 'doctor takes options alone');
  const { configuration } = readSettings(readFolders(given.conf, environment), { now: new Date() });
  const keys = new Map(
    [...configuration.hierarchy.values()].flatMap(({ stem, keyOf, token }) =>
      token && keyOf === stem ? [[stem, token] as const] : [],
    ),
  );
  const diagnoses = await diagnose(keys, surroundingsIn(process.cwd(), environment, controller));
  if (given.json) print(JSON.stringify({ schema: 1, able: isAble(diagnoses), diagnoses }));
  else if (!given.quiet) print(printableLines(formatDiagnoses(diagnoses)));
  return isAble(diagnoses) ? 0 : 1;
}
