// Makes a PKI, or the platform keys of one: execute the plan in a staging directory, verify, sync, publish. Whatever
// fails, the staging directory goes and OUT_DIR stays as it was.
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StateError } from '../errors.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import type { Entity } from '../model/types.ts';
import { filledVariables } from '../model/uefi.ts';
import { type Surroundings, surroundingsIn } from '../run/exec.ts';
import { execute } from '../run/execute.ts';
import { publishInto } from '../run/journal.ts';
import { publishWhole, syncTree } from '../run/publish.ts';
import type { PlanReport } from '../run/report.ts';
import { makeStaging, removeStaging, removeTree } from '../run/staging.ts';
import { requireOpenssl } from '../run/tools.ts';
import { readPkiDirectory } from '../store/directory.ts';
import { writeNew } from '../store/files.ts';
import { describeEntity, describeSources, formatManifest, readManifest } from '../store/manifest.ts';
import { MANIFEST, REQUESTS, requestOutputs, SCRATCH } from '../store/names.ts';
import { readPending } from '../store/requests.ts';
import { withAwaited, withRequestOptions } from './awaited.ts';
import type { GenerateOptions, Outcome } from './generate.ts';
import { describe, trustAnchors } from './outcome.ts';
import { UPDATE_OF_DB } from './platform-files.ts';
import { type Prepared, prepare, requireAbility } from './prepare.ts';
import type { Rehearsal } from './rehearsal.ts';

/** Generates a whole PKI where OUT_DIR is absent, a stale file, or a directory whose requests have all been answered. */
export async function produceWhole(
  outDir: string,
  given: GenerateOptions,
  there: 'nothing' | 'stale file' | 'requests',
  report: PlanReport,
  controller: AbortController,
): Promise<Outcome> {
  const options = there === 'requests' ? withRequestOptions(given, outDir) : given;
  const isWanted = ({ variable }: Entity) => options.hasPlatformKeys || !variable;
  const change = there === 'requests' ? withAwaited(outDir) : undefined;
  const [prepared, surroundings] = await prepareToRun(outDir, options, isWanted, report, controller, change);
  const rehearsal = await rehearsed(options, report, controller);
  return inStaging(outDir, async staging => {
    await makeFiles(staging, outDir, prepared, surroundings, options.width, report, rehearsal);
    if (there === 'requests') {
      // The journal moves files alone, and databases are empty folders in the beginning.
      const folders = prepared.plan.folders.filter(folder => !folder.startsWith(SCRATCH));
      for (const folder of folders) mkdirSync(join(outDir, folder), { recursive: true });
      publishInto(staging, outDir, filesOf(prepared));
      for (const { stem } of readPending(outDir).values())
        for (const file of requestOutputs(stem)) rmSync(join(outDir, file), { force: true });
      removeTree(join(outDir, REQUESTS));
    } else publishWhole(staging, outDir, there === 'stale file');
    return { ...describe('generated', outDir, prepared, options), anchors: trustAnchors(outDir, prepared.made) };
  });
}

/** Adds the UEFI platform keys to a PKI directory that is there, whoever made it. */
export async function producePlatformKeys(
  outDir: string,
  options: GenerateOptions,
  report: PlanReport,
  controller: AbortController,
): Promise<Outcome> {
  const isWanted = ({ variable }: Entity) => variable !== undefined;
  const [prepared, surroundings] = await prepareToRun(outDir, options, isWanted, report, controller);
  const { inputs } = prepared.plan;
  const files = filesOf(prepared).filter(file => file !== MANIFEST);
  refuseOverwriting(outDir, files);
  const lacking = inputs.filter(file => !existsSync(join(outDir, file)));
  if (lacking.length > 0)
    throw new StateError(
      `"${outDir}" lacks ${lacking.join(', ')}, which db is to hold`,
      'restore it, or generate a new directory',
    );
  const rehearsal = await rehearsed(options, report, controller);
  return inStaging(outDir, async staging => {
    for (const file of inputs) copyInto(join(outDir, file), join(staging, file));
    await makeFiles(staging, outDir, prepared, surroundings, options.width, report, rehearsal);
    // The file whose presence says that all is there comes last.
    publishInto(staging, outDir, [...files.filter(file => file !== UPDATE_OF_DB), MANIFEST, UPDATE_OF_DB]);
    return describe('platform-keys-added', outDir, prepared, options);
  });
}

/** What a plan publishes, the manifest last. */
const filesOf = ({ plan }: Prepared): string[] => [
  ...plan.jobs.flatMap(({ makes }) => makes).filter(file => !file.startsWith(`${SCRATCH}/`)),
  MANIFEST,
];

/** Everything that is decided before anything is made. */
async function prepareToRun(
  outDir: string,
  options: GenerateOptions,
  isWanted: (entity: Entity) => boolean,
  report: PlanReport,
  controller: AbortController,
  change?: (hierarchy: Hierarchy) => Hierarchy,
): Promise<[Prepared, Surroundings]> {
  const prepared = await prepare({ ...options, ...(change ? { change } : {}) }, isWanted);
  const surroundings = surroundingsIn(dirname(outDir), options.environment, controller);
  await requireAbility(prepared, options.isWeakForced, surroundings);
  for (const note of prepared.notes) report.note(`trustme-pki: warning: ${note}`);
  return [prepared, surroundings];
}

/** Its libraries are loaded where a rehearsal is asked for alone. */
const rehearsed = async (options: GenerateOptions, report: PlanReport, controller: AbortController) =>
  options.isRehearsed ? (await import('./rehearsal.ts')).rehearse(options, makeFiles, report, controller) : undefined;

function refuseOverwriting(outDir: string, files: readonly string[]): void {
  const present = files.filter(file => existsSync(join(outDir, file)));
  if (present.length > 0)
    throw new StateError(
      `"${outDir}" lacks ${UPDATE_OF_DB} but has ${present.join(', ')}: nothing is overwritten`,
      'these are what an interrupted run of another tool left; move them away and run again',
    );
}

function copyInto(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

async function inStaging(outDir: string, work: (staging: string) => Promise<Outcome>): Promise<Outcome> {
  const staging = makeStaging(outDir);
  try {
    return await work(staging);
  } finally {
    removeStaging(staging);
  }
}

/** Runs the jobs in the staging directory, verifies what they made, adds the manifest and syncs everything. */
export async function makeFiles(
  staging: string,
  outDir: string,
  prepared: Prepared,
  parent: Surroundings,
  width: number,
  report: PlanReport,
  rehearsal?: Rehearsal,
): Promise<void> {
  const { plan, inputs, made } = prepared;
  const surroundings = { ...parent, folder: staging };
  for (const folder of plan.folders) mkdirSync(join(staging, folder), { recursive: true });
  report.begin(plan.jobs);
  const running = whileChecked(surroundings, execute(plan.jobs, width, surroundings, report));
  // What verifies is loaded while openssl works.
  const [openssl, { checkDirectory, refuseUnsound }] = await Promise.all([running, import('../check/check.ts')]);
  removeTree(join(staging, SCRATCH));
  const passphrases = new Map(made.map(entity => [entity.stem, inputs.passphraseOf(entity)]));
  const variables = filledVariables(made);
  const stems = new Set(passphrases.keys());
  const { ownerOf, timeOf } = inputs;
  const expected = { stems, passphraseOf: (stem: string) => passphrases.get(stem), variables, ownerOf, timeOf };
  refuseUnsound(await checkDirectory(expected, surroundings));
  rehearsal?.compare((await import('./rehearsal.ts')).factsIn(readPkiDirectory(staging)), made);
  writeNew(join(staging, MANIFEST), manifestText(staging, outDir, prepared, openssl));
  await syncTree(staging, surroundings);
  surroundings.controller.signal.throwIfAborted();
}

/**
 * openssl's version, asked for while the first jobs run; one that is too old stops them. Whatever fails, nothing runs
 * any more when this returns, so that the staging directory can go.
 */
async function whileChecked(surroundings: Surroundings, execution: Promise<void>): Promise<string> {
  const version = requireOpenssl(surroundings).catch((error: unknown) => {
    surroundings.controller.abort(error);
    throw error;
  });
  const [asked, executed] = await Promise.allSettled([version, execution]);
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
