// Makes a PKI, or the platform keys of one, in a staging directory, and publishes it. Whatever fails, the staging
// directory goes and OUT_DIR stays as it was.
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { printable, StateError } from '../errors.ts';
import type { Entity } from '../model/types.ts';
import { publishInto } from '../run/journal.ts';
import { publishWhole } from '../run/publish.ts';
import type { PlanReport } from '../run/report.ts';
import { inStaging } from '../run/staging.ts';
import { readPkiDirectory } from '../store/directory.ts';
import { isTaken } from '../store/files.ts';
import { brandOf, ownSources, readManifest } from '../store/manifest.ts';
import { isScratch, MANIFEST, REQUESTS, requestOutputs } from '../store/names.ts';
import { readPending } from '../store/requests.ts';
import { awaitedFiles, withRequestOptions } from './awaited.ts';
import type { GenerateOptions, Outcome } from './generate.ts';
import { getReady, makeFiles, type Ready } from './make.ts';
import { describe, trustAnchors } from './outcome.ts';
import { UPDATE_OF_DB } from './platform-files.ts';
import type { PlanOptions, Prepared } from './prepare.ts';

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
  const planned = there === 'requests' ? { ...options, supplied: awaitedFiles(outDir) } : options;
  const ready = await prepareToRun(outDir, planned, isWanted, report, controller);
  const { prepared } = ready;
  const rehearsal = await rehearsed(options, report, controller);
  return inStaging(outDir, async staging => {
    await makeFiles(staging, outDir, ready, options.width, report, rehearsal);
    if (there === 'requests') {
      // The journal moves files alone, and databases are empty folders in the beginning.
      const folders = prepared.plan.folders.filter(folder => !isScratch(folder));
      for (const folder of folders) mkdirSync(join(outDir, folder), { recursive: true });
      const outputs = [...readPending(outDir).keys()].flatMap(requestOutputs);
      publishInto(staging, outDir, filesOf(prepared), [...outputs, REQUESTS]);
    } else publishWhole(staging, outDir, there === 'stale file');
    return { ...describe('generated', outDir, prepared, options), anchors: trustAnchors(outDir, prepared.made) };
  });
}

/** Adds the UEFI platform keys to a PKI directory that is there, whoever made it. */
export async function producePlatformKeys(
  outDir: string,
  given: GenerateOptions,
  report: PlanReport,
  controller: AbortController,
): Promise<Outcome> {
  refuseForgotten(outDir, given);
  const options = withBrandThere(outDir, given, report);
  const isWanted = ({ variable }: Entity) => variable !== undefined;
  const ready = await prepareToRun(outDir, options, isWanted, report, controller);
  const { prepared } = ready;
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
    await makeFiles(staging, outDir, ready, options.width, report, rehearsal);
    // The file whose presence says that all is there comes last.
    publishInto(staging, outDir, [...files.filter(file => file !== UPDATE_OF_DB), MANIFEST, UPDATE_OF_DB]);
    return describe('platform-keys-added', outDir, prepared, options);
  });
}

/** What the shipped configuration says of the new keys need not be what those say that the directory was made with. */
function refuseForgotten(outDir: string, { configurationFolders }: GenerateOptions): void {
  const [own] = Object.keys(ownSources(readManifest(outDir)?.sources));
  if (own === undefined || configurationFolders.length > 0) return;
  throw new StateError(
    `"${outDir}" was made with a configuration of its own ("${printable(own)}"), which is not given: its UEFI keys would be those of the shipped one`,
    'give the configuration that the directory was made with: --conf FOLDER',
  );
}

/** A directory has one brand: by another one nothing in it would be as configured, and nothing could be renewed. */
function withBrandThere(outDir: string, options: GenerateOptions, report: PlanReport): GenerateOptions {
  const brand = brandOf(readPkiDirectory(outDir)) ?? options.brand;
  if (options.brand !== undefined && options.brand !== brand)
    report.note(`trustme-pki: warning: "${outDir}" has the brand "${brand}" and keeps it: --brand says nothing of it`);
  return { ...options, brand };
}

/** What a plan publishes, the manifest last. */
const filesOf = ({ plan }: Prepared): string[] => [
  ...plan.jobs.flatMap(({ makes }) => makes).filter(file => !isScratch(file)),
  MANIFEST,
];

/** Everything that is decided before anything is made. */
async function prepareToRun(
  outDir: string,
  options: PlanOptions,
  isWanted: (entity: Entity) => boolean,
  report: PlanReport,
  controller: AbortController,
): Promise<Ready> {
  const ready = await getReady(dirname(outDir), options, isWanted, controller);
  for (const note of ready.prepared.notes) report.note(`trustme-pki: warning: ${note}`);
  return ready;
}

/** Its libraries are loaded where a rehearsal is asked for alone. */
const rehearsed = async (options: GenerateOptions, report: PlanReport, controller: AbortController) =>
  options.isRehearsed ? (await import('./rehearsal.ts')).rehearse(options, report, controller) : undefined;

function refuseOverwriting(outDir: string, files: readonly string[]): void {
  const present = files.filter(file => isTaken(join(outDir, file)));
  const dangling = present.filter(file => !existsSync(join(outDir, file)));
  const where = dangling.length > 0 ? ` (links that lead nowhere: ${dangling.join(', ')})` : '';
  if (present.length > 0)
    throw new StateError(
      `"${outDir}" lacks ${UPDATE_OF_DB} but has ${present.join(', ')}${where}: nothing is overwritten`,
      'these are what an interrupted run of another tool left; move them away and run again',
    );
}

function copyInto(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}
