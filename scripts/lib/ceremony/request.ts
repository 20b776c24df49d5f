// Requests for certificates that are made where the issuer's key is. They wait in the directory, with their keys, until
// the certificates come; a directory that is not there yet is begun with them.
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type DirectoryOptions, pathToWrite } from '../authority/open.ts';
import { afterwards, StateError, UsageError } from '../errors.ts';
import { withRequestOptions } from '../generate/awaited.ts';
import { lockDirectory } from '../generate/directory-lock.ts';
import { type GenerateOptions, resolveOutDir } from '../generate/generate.ts';
import { requirePassphrases } from '../generate/prepare.ts';
import { formatKeyType } from '../model/key-type.ts';
import type { Entity } from '../model/types.ts';
import { planRequests } from '../plan/ceremony.ts';
import { surroundingsIn } from '../run/exec.ts';
import { execute } from '../run/execute.ts';
import { finishInterrupted } from '../run/interrupted.ts';
import { publishInto } from '../run/journal.ts';
import { publishWhole, syncTree } from '../run/publish.ts';
import type { PlanReport } from '../run/report.ts';
import { inStaging } from '../run/staging.ts';
import { requireTokenKeys } from '../run/token-step.ts';
import { requireTools } from '../run/tools.ts';
import { writeNew } from '../store/files.ts';
import { configurationFile, keyFile, pendingFile, REQUEST_OPTIONS, requestFile } from '../store/names.ts';
import { readProtocol } from '../store/protocol.ts';
import { removeTree } from '../store/remove-tree.ts';
import { isAwaited, type RequestOptions, readPending, readRequestOptions } from '../store/requests.ts';
import { entityFor, type Prepared, prepareNew, prepareThere } from './prepare-request.ts';
import { asksForNames } from './profile.ts';
import { isAsWanted, isRecorded, outputsOf, type Requested, recordRequest, refuseOthers } from './record-request.ts';

export interface RequestChoice {
  /** As typed. */
  readonly names: readonly string[];
  /** Whether they get new keys; where there is none yet, they do. */
  readonly isRekeyed: boolean;
  /** Folder for the requests; undefined: the directory. */
  readonly outputDir: string | undefined;
}

type Options = GenerateOptions & Pick<DirectoryOptions, 'isReleaseAllowed'>;

/** Where they wait. Throws for a symbolic link that is not to be followed. */
export const placeOf = ({ outDir, isReleaseAllowed }: Pick<Options, 'outDir' | 'isReleaseAllowed'>): string =>
  pathToWrite({ dir: resolveOutDir(outDir), isReleaseAllowed });

/** With what the first request was told. Throws a UsageError for what it was told otherwise: all are made as one PKI. */
function asBegun(options: Options, outDir: string): Options {
  const told = readRequestOptions(outDir);
  const given = [
    ['--key-type', options.keyType && formatKeyType(options.keyType), told.keyType],
    ['--brand', options.brand, told.brand],
    ['--platform-keys', options.hasPlatformKeys || undefined, told.hasPlatformKeys || undefined],
  ] as const;
  const other = given.find(([, now, before]) => now !== undefined && now !== before);
  if (!other) return { ...options, ...withRequestOptions(options, outDir) };
  const [name, now, before] = other;
  const words = (value: string | true | undefined) =>
    value === undefined ? `without ${name}` : `with ${name} "${value}"`;
  throw new UsageError(
    `"${outDir}" was begun ${words(before)}, and ${now === true ? `${name} is given` : `"${now}" is given`}`,
    `leave ${name} out, or begin another directory`,
  );
}

/** Makes the requests that are named. Throws where one waits already, or nobody else need sign. */
export async function requestCertificates(
  options: Options,
  choice: RequestChoice,
  report: PlanReport,
  controller: AbortController,
): Promise<Requested[]> {
  const outDir = placeOf(options);
  const lock = await lockDirectory(outDir, true, controller.signal, report);
  if (!lock) throw new StateError(`cannot write in "${dirname(outDir)}"`, 'choose a directory in which you may write');
  try {
    await finishInterrupted(outDir, controller.signal, text => report.note(text));
    readProtocol(outDir);
    const isNew = !existsSync(outDir) || isAwaited(outDir) || readdirSync(outDir).length === 0;
    const prepared = isNew
      ? await prepareNew(isAwaited(outDir) ? asBegun(options, outDir) : options)
      : await prepareThere(options, choice);
    const entities = [...new Set(choice.names)].map(name => entityFor(name, prepared.hierarchy));
    const { passphraseOf } = prepared.inputs;
    const isMade = areWaiting(outDir, entities, prepared, choice.outputDir);
    for (const { stem } of entities)
      for (const folder of new Set([outDir, choice.outputDir ?? outDir])) refuseOthers(folder, outDir, stem);
    requirePassphrases(entities, passphraseOf, options.environment);
    if (!isMade) await makeRequests(outDir, entities, prepared, isNew, options, report, controller);
    const surroundings = surroundingsIn(outDir, options.environment, controller);
    try {
      const made: Requested[] = [];
      for (const entity of entities)
        made.push(await recordRequest(outDir, entity, prepared, choice.outputDir, surroundings));
      return made;
    } catch (error) {
      throw afterwards(error, `the requests wait in "${outDir}": the same command again does what is missing`);
    }
  } finally {
    lock.release();
  }
}

/** Whether a run of the same command was stopped when all were made. Throws where one waits that it did not leave so. */
function areWaiting(
  outDir: string,
  entities: readonly Entity[],
  prepared: Prepared,
  outputDir: string | undefined,
): boolean {
  const waiting = readPending(outDir);
  const [first, ...others] = entities.filter(({ stem }) => waiting.has(stem));
  if (!first) return false;
  const isOfSame = others.length + 1 === entities.length && entities.every(each => isAsWanted(outDir, each, prepared));
  if (isOfSame && !entities.every(each => isRecorded(outDir, each, prepared, outputDir))) return true;
  throw new StateError(
    `a request of ${first.stem} waits for its certificate already`,
    `trustme-pki import ${first.stem} CERT; or remove "${dirname(join(outDir, pendingFile(first.stem, 'key')))}"`,
  );
}

/** In a staging directory, and from there into OUT_DIR, which they may begin. */
async function makeRequests(
  outDir: string,
  entities: readonly Entity[],
  prepared: Prepared,
  isNew: boolean,
  options: Options,
  report: PlanReport,
  controller: AbortController,
): Promise<void> {
  const { hierarchy, inputs } = prepared;
  const plan = planRequests(entities, inputs, entity => asksForNames(entity, hierarchy.get(entity.issuer)));
  requireTools(plan.jobs, options.environment);
  const beside = surroundingsIn(dirname(outDir), options.environment, controller);
  await requireTokenKeys(plan.jobs, options.mayGenerateInTokens ?? false, beside);
  await inStaging(outDir, async staging => {
    const keysThere = inputs.keysAtHand ?? new Set();
    for (const folder of plan.folders) mkdirSync(join(staging, folder), { recursive: true });
    for (const stem of keysThere) copyFileSync(join(outDir, keyFile(stem)), join(staging, keyFile(stem)));
    report.begin(plan.jobs);
    const inside = { ...beside, folder: staging };
    await execute(plan.jobs, options.width, inside, report);
    const files = entities.flatMap(({ stem }) => moveToRequests(staging, stem, keysThere.has(stem)));
    for (const entity of entities)
      for (const [file, content] of outputsOf(staging, entity, prepared)) {
        writeNew(join(staging, file), content);
        files.push(file);
      }
    if (isNew && !isAwaited(outDir)) files.push(writeOptions(staging, options));
    await syncTree(staging, inside);
    controller.signal.throwIfAborted();
    if (existsSync(outDir)) publishInto(staging, outDir, files);
    else publishWhole(staging, outDir, false);
  });
}

function moveToRequests(staging: string, stem: string, isKeyThere: boolean): string[] {
  const [request, key] = [pendingFile(stem, 'request.csr'), pendingFile(stem, 'key')];
  mkdirSync(dirname(join(staging, request)), { recursive: true });
  renameSync(join(staging, requestFile(stem)), join(staging, request));
  removeTree(join(staging, configurationFile(stem)));
  if (isKeyThere) {
    removeTree(join(staging, keyFile(stem)));
    return [request];
  }
  renameSync(join(staging, keyFile(stem)), join(staging, key));
  return [key, request];
}

function writeOptions(staging: string, { brand, keyType, hasPlatformKeys }: GenerateOptions): string {
  const options: RequestOptions = {
    schema: 1,
    ...(brand === undefined ? {} : { brand }),
    ...(keyType === undefined ? {} : { keyType: formatKeyType(keyType) }),
    hasPlatformKeys,
  };
  writeNew(join(staging, REQUEST_OPTIONS), `${JSON.stringify(options, null, 2)}\n`);
  return REQUEST_OPTIONS;
}
