// Requests for certificates that are made where the issuer's key is. They wait in the directory, with their keys, until
// the certificates come; a directory that is not there yet is begun with them.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile } from '../authority/database.ts';
import type { DirectoryOptions } from '../authority/open.ts';
import { appendProtocol, keyFingerprint } from '../authority/protocol.ts';
import { StateError } from '../errors.ts';
import { lockDirectory } from '../generate/directory-lock.ts';
import { type GenerateOptions, resolveOutDir } from '../generate/generate.ts';
import { requirePassphrases } from '../generate/prepare.ts';
import { formatKeyType } from '../model/key-type.ts';
import { spoken } from '../model/protocol.ts';
import type { Entity } from '../model/types.ts';
import { planRequests } from '../plan/ceremony.ts';
import { privateKey } from '../plan/private-key.ts';
import { type Surroundings, surroundingsIn } from '../run/exec.ts';
import { execute } from '../run/execute.ts';
import { finishInterrupted } from '../run/interrupted.ts';
import { publishInto } from '../run/journal.ts';
import { publishWhole, syncTree } from '../run/publish.ts';
import type { PlanReport } from '../run/report.ts';
import { inStaging, removeTree } from '../run/staging.ts';
import { requireTokenKeys } from '../run/token-step.ts';
import { requireTools } from '../run/tools.ts';
import { writeNew } from '../store/files.ts';
import {
  configurationFile,
  keyFile,
  pendingFile,
  REQUEST_OPTIONS,
  requestFile,
  requestOutputs,
} from '../store/names.ts';
import { describeRequest, requestKey } from '../store/request-facts.ts';
import { isAwaited, type RequestOptions, readPending } from '../store/requests.ts';
import { entityFor, type Prepared, prepareNew, prepareThere } from './prepare-request.ts';
import { describeWanted } from './wanted.ts';

export interface RequestChoice {
  /** As typed. */
  readonly names: readonly string[];
  /** Whether they get new keys; where there is none yet, they do. */
  readonly isRekeyed: boolean;
  /** Folder for the requests; undefined: the directory. */
  readonly outputDir: string | undefined;
}

export interface Requested {
  readonly name: string;
  /** Path of the request (PEM), and of what it asks for in words. */
  readonly request: string;
  readonly description: string;
  /** SHA-256, in groups of four digits: of the request (DER), and of its public key (DER). */
  readonly sha256: string;
  readonly keySha256: string;
}

type Options = GenerateOptions & Pick<DirectoryOptions, 'isReleaseAllowed'>;

/** Makes the requests that are named. Throws where one waits already, or nobody else need sign. */
export async function requestCertificates(
  options: Options,
  choice: RequestChoice,
  report: PlanReport,
  controller: AbortController,
): Promise<Requested[]> {
  const outDir = resolveOutDir(options.outDir);
  const lock = await lockDirectory(outDir, true, controller.signal, report);
  if (!lock) throw new StateError(`cannot write in "${dirname(outDir)}"`, 'choose a directory in which you may write');
  try {
    finishInterrupted(outDir, text => report.note(text));
    const isNew = !existsSync(outDir) || isAwaited(outDir) || readdirSync(outDir).length === 0;
    const prepared = isNew ? await prepareNew(options) : await prepareThere(options, choice);
    const entities = [...new Set(choice.names)].map(name => entityFor(name, prepared.hierarchy));
    refuseTwice(outDir, entities);
    const { passphraseOf } = prepared.inputs;
    requirePassphrases(entities, passphraseOf, options.environment);
    await makeRequests(outDir, entities, prepared, isNew, options, report, controller);
    const surroundings = surroundingsIn(outDir, options.environment, controller);
    const made: Requested[] = [];
    for (const entity of entities) made.push(await record(outDir, entity, prepared, choice, surroundings));
    return made;
  } finally {
    lock.release();
  }
}

function refuseTwice(outDir: string, entities: readonly Entity[]): void {
  const waiting = readPending(outDir);
  const twice = entities.find(({ stem }) => waiting.has(stem));
  if (twice)
    throw new StateError(
      `a request of ${twice.stem} waits for its certificate already`,
      `trustme-pki import ${twice.stem} CERT; or remove "${dirname(join(outDir, pendingFile(twice.stem, 'key')))}"`,
    );
}

/** In a staging directory, and from there into OUT_DIR, which they may begin. */
async function makeRequests(
  outDir: string,
  entities: readonly Entity[],
  { hierarchy, inputs }: Prepared,
  isNew: boolean,
  options: Options,
  report: PlanReport,
  controller: AbortController,
): Promise<void> {
  const plan = planRequests(entities, inputs);
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
    for (const entity of entities) files.push(...writeOutputs(staging, entity, hierarchy, keysThere.has(entity.stem)));
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

function writeOutputs(
  staging: string,
  { stem }: Entity,
  hierarchy: ReadonlyMap<string, Entity>,
  isKeyKept: boolean,
): string[] {
  const [request, description] = requestOutputs(stem);
  copyFileSync(join(staging, pendingFile(stem, 'request.csr')), join(staging, request));
  const facts = describeRequest(readFileSync(join(staging, request)));
  writeNew(join(staging, description), describeWanted(hierarchy.get(stem)!, hierarchy, facts, isKeyKept));
  return [request, description];
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

/** Tells what was made, in the protocol and to the caller; and puts it where it was asked for, too. */
async function record(
  outDir: string,
  entity: Entity,
  { inputs }: Prepared,
  { outputDir }: RequestChoice,
  surroundings: Surroundings,
): Promise<Requested> {
  const { stem, token } = entity;
  const text = readFileSync(join(outDir, pendingFile(stem, 'request.csr')), 'latin1');
  const publicKey = requestKey(text);
  const file = inputs.keysAtHand?.has(stem) ? keyFile(stem) : pendingFile(stem, 'key');
  const key = privateKey(stem, token, inputs.passphraseOf(entity), inputs.tokenRoad);
  const sha256 = spoken(describeRequest(text).sha256);
  const values = [
    ['request', `SHA-256 ${sha256}`],
    ['key', `SHA-256 ${keyFingerprint(publicKey)}`],
    ['issuer', entity.issuer],
  ] as const;
  const own = token ? key : { ...key, file, argument: file };
  await appendProtocol(outDir, { step: 'request', entity: stem, values, key: own, publicKey }, surroundings);
  const folder = outputDir ?? outDir;
  const [request, description] = requestOutputs(stem).map(name => join(folder, name)) as [string, string];
  if (outputDir !== undefined)
    for (const name of requestOutputs(stem)) replaceFile(join(outputDir, name), readFileSync(join(outDir, name)));
  return { name: stem, request, description, sha256, keySha256: keyFingerprint(publicKey) };
}
