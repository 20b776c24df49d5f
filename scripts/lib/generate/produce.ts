// Makes a PKI, or the platform keys of one: execute the plan in a staging directory, verify, sync, publish. Whatever
// fails, the staging directory goes and OUT_DIR stays as it was.
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkDirectory, refuseUnsound } from '../check/check.ts';
import { StateError } from '../errors.ts';
import { tokenUri } from '../model/token.ts';
import { type Entity, isSelfSigned } from '../model/types.ts';
import { filledVariables } from '../model/uefi.ts';
import { type Surroundings, surroundingsIn } from '../run/exec.ts';
import { execute } from '../run/execute.ts';
import { publishInto } from '../run/journal.ts';
import { publishWhole, syncTree } from '../run/publish.ts';
import type { PlanReport } from '../run/report.ts';
import { makeStaging, removeStaging, removeTree } from '../run/staging.ts';
import { requireOpenssl } from '../run/tools.ts';
import { parseCertificate } from '../store/certificate.ts';
import { DERIVED_EXPORTS } from '../store/exports.ts';
import { firstCertificate, writeNew } from '../store/files.ts';
import { describeEntity, describeSources, formatManifest, readManifest } from '../store/manifest.ts';
import { certificateFile, keyFileOf, MANIFEST, SCRATCH } from '../store/names.ts';
import type { GenerateOptions, Outcome, TrustAnchor } from './generate.ts';
import { UPDATE_OF_DB } from './platform-files.ts';
import { type Prepared, prepare, requireAbility } from './prepare.ts';

/** Generates a whole PKI where OUT_DIR is absent or a stale file. */
export async function produceWhole(
  outDir: string,
  options: GenerateOptions,
  hasStaleFile: boolean,
  report: PlanReport,
  controller: AbortController,
): Promise<Outcome> {
  const isWanted = ({ variable }: Entity) => options.hasPlatformKeys || !variable;
  const [prepared, surroundings] = await prepareToRun(outDir, options, isWanted, report, controller);
  return inStaging(outDir, async staging => {
    await makeFiles(staging, outDir, prepared, surroundings, options.width, report);
    publishWhole(staging, outDir, hasStaleFile);
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
  const { jobs, inputs } = prepared.plan;
  const files = jobs.flatMap(({ makes }) => makes).filter(file => !file.startsWith(`${SCRATCH}/`));
  refuseOverwriting(outDir, files);
  const lacking = inputs.filter(file => !existsSync(join(outDir, file)));
  if (lacking.length > 0)
    throw new StateError(
      `"${outDir}" lacks ${lacking.join(', ')}, which db is to hold`,
      'restore it, or generate a new directory',
    );
  return inStaging(outDir, async staging => {
    for (const file of inputs) copyInto(join(outDir, file), join(staging, file));
    await makeFiles(staging, outDir, prepared, surroundings, options.width, report);
    // The file whose presence says that all is there comes last.
    publishInto(staging, outDir, [...files.filter(file => file !== UPDATE_OF_DB), MANIFEST, UPDATE_OF_DB]);
    return describe('platform-keys-added', outDir, prepared, options);
  });
}

/** Everything that is decided before anything is made. */
async function prepareToRun(
  outDir: string,
  options: GenerateOptions,
  isWanted: (entity: Entity) => boolean,
  report: PlanReport,
  controller: AbortController,
): Promise<[Prepared, Surroundings]> {
  const prepared = await prepare(options, isWanted);
  const surroundings = surroundingsIn(dirname(outDir), options.environment, controller);
  await requireAbility(prepared, options.isWeakForced, surroundings);
  for (const note of prepared.notes) report.note(`trustme-pki: warning: ${note}`);
  return [prepared, surroundings];
}

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
async function makeFiles(
  staging: string,
  outDir: string,
  prepared: Prepared,
  parent: Surroundings,
  width: number,
  report: PlanReport,
): Promise<void> {
  const { plan, inputs, made } = prepared;
  const surroundings = { ...parent, folder: staging };
  for (const folder of plan.folders) mkdirSync(join(staging, folder), { recursive: true });
  report.begin(plan.jobs);
  const openssl = await whileChecked(surroundings, execute(plan.jobs, width, surroundings, report));
  removeTree(join(staging, SCRATCH));
  const passphrases = new Map(made.map(entity => [entity.stem, inputs.passphraseOf(entity)]));
  const variables = filledVariables(made);
  const stems = new Set(passphrases.keys());
  refuseUnsound(await checkDirectory({ stems, passphraseOf: stem => passphrases.get(stem), variables }, surroundings));
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

/** The self-signed CAs of the hierarchies, with what a person compares. */
function trustAnchors(outDir: string, made: readonly Entity[]): TrustAnchor[] {
  return made
    .filter(entity => isSelfSigned(entity) && !entity.variable)
    .map(entity => {
      const file = certificateFile(entity);
      const { fingerprint256 } = parseCertificate(firstCertificate(join(outDir, file)));
      return {
        file,
        subject: entity.subject.find(({ name }) => name === 'commonName')?.value ?? entity.stem,
        sha256: fingerprint256,
      };
    });
}

function describe(
  state: Outcome['state'],
  directory: string,
  { inputs, made }: Prepared,
  { environment }: GenerateOptions,
): Outcome {
  const used = made.map(entity => inputs.passphraseOf(entity)).filter(name => name !== undefined);
  const developmentPassphrases = [...new Set(used)].filter(name => !environment[name]);
  const leftOut = DERIVED_EXPORTS.flatMap(({ file, key }) => {
    const token = made.find(entity => keyFileOf(entity) === key)?.token;
    return token ? [[file, tokenUri(token)] as const] : [];
  });
  return { state, directory, added: [], anchors: [], leftOut: Object.fromEntries(leftOut), developmentPassphrases };
}
