// The whole plan with keys of the same kinds that are thrown away, in a folder that is thrown away: every check of
// `verify` is asked there, before a token signs anything; what is made then has to be the same but for key, serial and time.
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyDirectory } from '../check/verify.ts';
import { printable, StateError } from '../errors.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { type Entity, isFromElsewhere } from '../model/types.ts';
import { DAY } from '../model/validity.ts';
import type { PlanReport } from '../run/report.ts';
import { makeTemporary } from '../run/temporary.ts';
import type { CertificateFacts } from '../store/certificate-facts.ts';
import { readPkiDirectory } from '../store/directory.ts';
import { type Facts, factsIn } from '../store/directory-facts.ts';
import { removeTree } from '../store/remove-tree.ts';
import type { GenerateOptions } from './generate.ts';
import { getReady, makeFiles } from './make.ts';

export interface Rehearsal {
  /** Throws a StateError where a certificate says otherwise than the one that was rehearsed. */
  readonly compare: (real: Facts, made: readonly Entity[]) => void;
}

/** Makes everything once; throws where that is not sound. The folder is gone when this returns. */
export async function rehearse(
  options: GenerateOptions,
  report: PlanReport,
  controller: AbortController,
): Promise<Rehearsal> {
  report.note('rehearsal with keys that are thrown away:');
  const isWanted = ({ variable }: Entity) => options.hasPlatformKeys || !variable;
  const ready = await getReady(tmpdir(), { ...options, change: withThrowAwayKeys }, isWanted, controller);
  const folder = makeTemporary('trustme-pki-rehearsal-');
  try {
    const path = join(folder, 'pki');
    mkdirSync(path);
    await makeFiles(path, path, ready, options.width, report).catch(explain);
    const asked = { expiresWithinDays: 0, environment: options.environment };
    const findings = await verifyDirectory(path, asked, controller);
    const errors = findings.filter(({ severity }) => severity === 'error');
    if (errors.length > 0)
      throw new StateError(
        `the rehearsal failed, nothing was made: it is not sound:${errors.map(each => `\n  ${each.file}: ${each.message}`).join('')}`,
        errors[0]!.hint,
      );
    report.note('the rehearsal is sound');
    const certificates = factsIn(readPkiDirectory(path));
    // These are made, too: their keys are not here.
    const elsewhere = new Set(
      [...ready.prepared.inputs.hierarchy.values()].filter(isFromElsewhere).map(({ stem }) => stem),
    );
    return { compare: (real, made) => compare(certificates, real, made, elsewhere) };
  } finally {
    removeTree(folder);
  }
}

/** What fails with keys that are thrown away fails before anything is made. */
function explain(error: unknown): never {
  if (error instanceof StateError)
    throw new StateError(`the rehearsal failed, nothing was made: ${error.message}`, error.hint);
  throw error;
}

/** The same keys in files, not encrypted; an RSA key of a token signs RSA-PSS and is a plain one. */
function withThrowAwayKeys(hierarchy: Hierarchy): Hierarchy {
  return new Map(
    [...hierarchy].map(([stem, entity]) => [
      stem,
      {
        ...entity,
        token: undefined,
        supplied: undefined,
        passphraseVariables: [],
        isPlainKey: entity.token !== undefined,
      },
    ]),
  );
}

function compare(rehearsed: Facts, real: Facts, made: readonly Entity[], elsewhere: ReadonlySet<string>): void {
  const differences = made
    // What came from elsewhere was judged when it came.
    .filter(({ stem, supplied }) => !supplied && !elsewhere.has(stem))
    .flatMap(({ stem, issuer }) =>
      differencesOf(rehearsed.get(stem)!, real.get(stem)!, elsewhere.has(issuer)).map(each => `${stem}: ${each}`),
    );
  if (differences.length > 0)
    throw new StateError(
      `what was made is not what was rehearsed, so nothing was published:\n  ${differences.join('\n  ')}`,
      'keys that were made in a token are still there',
    );
}

/** In everything but key, serial number and time; of a foreign issuer the name, too, is its own. */
function differencesOf(rehearsed: CertificateFacts, real: CertificateFacts, isIssuerForeign: boolean): string[] {
  const values = (facts: CertificateFacts): [string, string][] => [
    ['subject', JSON.stringify(facts.subject)],
    ...(isIssuerForeign
      ? []
      : ([
          ['issuer', JSON.stringify(facts.issuer)],
          ['signature', facts.signature],
        ] as [string, string][])),
    ['key-type', `${facts.keyType} ${facts.isPssKey}`],
    ['days', String(Math.round((facts.notAfter.getTime() - facts.notBefore.getTime()) / DAY))],
    ...[...facts.extensions].filter(([name]) => !/^(subject|authority)KeyIdentifier$/.test(name)),
  ];
  const [then, now] = [new Map(values(rehearsed)), new Map(values(real))];
  return [...new Set([...then.keys(), ...now.keys()])]
    .filter(name => then.get(name) !== now.get(name))
    .map(name => printable(`${name} is ${now.get(name) ?? 'missing'}, rehearsed was ${then.get(name) ?? 'none'}`));
}
