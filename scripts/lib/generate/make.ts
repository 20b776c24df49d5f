// Makes the files of a plan in a folder: execute the jobs, verify what they made, add the manifest, sync.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Entity } from '../model/types.ts';
import { filledVariables } from '../model/uefi.ts';
import { type Surroundings, surroundingsIn } from '../run/exec.ts';
import { execute } from '../run/execute.ts';
import { syncTree } from '../run/publish.ts';
import type { PlanReport } from '../run/report.ts';
import { requireOpenssl } from '../run/tools.ts';
import { readPkiDirectory } from '../store/directory.ts';
import { writeNew } from '../store/files.ts';
import { describeEntity, describeSources, formatManifest, readManifest } from '../store/manifest.ts';
import { MANIFEST, SCRATCH } from '../store/names.ts';
import { removeTree } from '../store/remove-tree.ts';
import { type PlanOptions, type Prepared, prepare, requireAbility } from './prepare.ts';
import type { Rehearsal } from './rehearsal.ts';

/** A run of which all is decided, and nothing is made yet. */
export interface Ready {
  readonly prepared: Prepared;
  readonly surroundings: Surroundings;
  /** openssl's version; rejects where it is too old. */
  readonly openssl: Promise<string>;
}

/** Decides everything. Meanwhile the shells start, in a folder that is there, and openssl says its version. */
export async function getReady(
  folder: string,
  options: PlanOptions,
  isWanted: (entity: Entity) => boolean,
  controller: AbortController,
): Promise<Ready> {
  const surroundings = surroundingsIn(folder, options.environment, controller);
  const openssl = requireOpenssl(surroundings);
  // Whoever waits for it is told; a mistake in the configuration comes first.
  openssl.catch(() => {});
  const prepared = await prepare(options, isWanted);
  await requireAbility(prepared, options.isWeakForced, surroundings);
  return { prepared, surroundings, openssl };
}

/** Runs the jobs in the staging directory, verifies what they made, adds the manifest and syncs everything. */
export async function makeFiles(
  staging: string,
  outDir: string,
  ready: Ready,
  width: number,
  report: PlanReport,
  rehearsal?: Rehearsal,
): Promise<void> {
  const { plan, inputs, made } = ready.prepared;
  const surroundings = { ...ready.surroundings, folder: staging };
  for (const folder of plan.folders) mkdirSync(join(staging, folder), { recursive: true });
  report.begin(plan.jobs);
  const running = whileChecked(ready.openssl, execute(plan.jobs, width, surroundings, report), surroundings.controller);
  const [openssl, { checkDirectory, refuseUnsound }] = await Promise.all([running, loadCheck()]);
  removeTree(join(staging, SCRATCH));
  const passphrases = new Map(made.map(entity => [entity.stem, inputs.passphraseOf(entity)]));
  const variables = filledVariables(made);
  const stems = new Set(passphrases.keys());
  const { ownerOf, timeOf } = inputs;
  const beginOf = (stem: string) => inputs.hierarchy.get(stem)?.certificate.notBefore;
  const expected = {
    stems,
    passphraseOf: (stem: string) => passphrases.get(stem),
    beginOf,
    variables,
    ownerOf,
    timeOf,
  };
  refuseUnsound(await checkDirectory(expected, surroundings));
  if (rehearsal) {
    const { factsIn } = await import('../store/directory-facts.ts');
    rehearsal.compare(factsIn(readPkiDirectory(staging)), made);
  }
  writeNew(join(staging, MANIFEST), manifestText(staging, outDir, ready.prepared, openssl));
  await syncTree(staging, surroundings);
  surroundings.controller.signal.throwIfAborted();
}

/** What verifies is loaded while openssl works: not before the first commands are started. */
async function loadCheck(): Promise<typeof import('../check/check.ts')> {
  await setImmediate();
  return import('../check/check.ts');
}

/**
 * openssl's version; one that is too old stops the jobs. Whatever fails, nothing runs any more when this returns, so
 * that the staging directory can go.
 */
async function whileChecked(
  openssl: Promise<string>,
  execution: Promise<void>,
  controller: AbortController,
): Promise<string> {
  openssl.catch((error: unknown) => controller.abort(error));
  const [asked, executed] = await Promise.allSettled([openssl, execution]);
  if (asked.status === 'rejected') throw asked.reason;
  if (executed.status === 'rejected') throw executed.reason;
  return asked.value;
}

function manifestText(
  staging: string,
  outDir: string,
  { inputs, made, configuration, sources }: Prepared,
  openssl: string,
): string {
  const members = made.flatMap(({ variable }) => variable?.contains ?? []);
  const variables = made.flatMap(({ variable }) => (variable ? [variable.name] : []));
  return formatManifest(
    {
      schema: 1,
      program: `trustme-pki ${inputs.version}`,
      openssl,
      created: new Date().toISOString(),
      brand: configuration.brand,
      entities: Object.fromEntries(made.map(entity => [entity.stem, describeEntity(entity, staging)])),
      owners: Object.fromEntries(members.map(stem => [stem, inputs.ownerOf(stem)])),
      updates: Object.fromEntries(variables.map(name => [name, inputs.timeOf(name).toISOString()])),
      sources: describeSources(sources),
    },
    readManifest(outDir),
  );
}
