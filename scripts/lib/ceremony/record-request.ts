// What is told of a request once it waits: an entry in the protocol, and its files where they were asked for.
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { appendProtocol, isEntered as isStepEntered, keyFingerprint } from '../authority/protocol.ts';
import { StateError } from '../errors.ts';
import { spoken } from '../model/protocol.ts';
import type { Entity } from '../model/types.ts';
import { privateKey } from '../plan/private-key.ts';
import type { Surroundings } from '../run/exec.ts';
import { readContained } from '../store/contained-file.ts';
import { keyFile, pendingFile, requestOutputs } from '../store/names.ts';
import { replaceFile } from '../store/replace-file.ts';
import { describeRequest } from '../store/request-facts.ts';
import { readWaiting } from '../store/waiting-request.ts';
import type { Prepared } from './prepare-request.ts';
import { describesWanted, describeWanted } from './wanted.ts';

export interface Requested {
  readonly name: string;
  /** Path of the request (PEM), and of what it asks for in words. */
  readonly request: string;
  readonly description: string;
  /** SHA-256, in groups of four digits: of the request (DER), and of its public key (DER). */
  readonly sha256: string;
  readonly keySha256: string;
}

/** The request that waits in a folder, and what it asks for in words, by name. */
export function outputsOf(
  folder: string,
  entity: Entity,
  { hierarchy, inputs }: Prepared,
): ReadonlyMap<string, string> {
  const [request, description] = requestOutputs(entity.stem);
  const { text, facts } = readWaiting(folder, entity.stem);
  const isKeyKept = inputs.keysAtHand?.has(entity.stem) ?? false;
  return new Map([
    [request, text],
    [description, describeWanted(entity, hierarchy, facts, isKeyKept)],
  ]);
}

/** Whether a request that waits is the one that would be made now: for the same key, and what it asks for in words. */
export function isAsWanted(outDir: string, entity: Entity, prepared: Prepared): boolean {
  const isForNewKey = existsSync(join(outDir, pendingFile(entity.stem, 'key')));
  const [, description] = [...outputsOf(outDir, entity, prepared)];
  return isForNewKey !== (prepared.inputs.keysAtHand?.has(entity.stem) ?? false) && isIn(outDir, description!);
}

const isIn = (folder: string, [name, content]: readonly [string, string]): boolean =>
  existsSync(join(folder, name)) && readFileSync(join(folder, name), 'utf8') === content;

/**
 * Throws a StateError where something else has the name of what is to be written to a folder: not the request that waits
 * in OUT_DIR, and none of an earlier run, whose words stand beside it.
 */
export function refuseOthers(folder: string, outDir: string, stem: string): void {
  const [request, description] = requestOutputs(stem);
  const [text, words] = [contentOf(folder, request), contentOf(folder, description)];
  const isWaiting = () => text === contentOf(outDir, pendingFile(stem, 'request.csr'));
  const foreign =
    words !== undefined && !describesWanted(words, stem)
      ? description
      : text !== undefined && !isWaiting() && !describesWanted(words ?? '', stem, digestOf(text))
        ? request
        : undefined;
  if (foreign !== undefined)
    throw new StateError(
      `"${join(folder, foreign)}" was made by no request of ${stem}: it is not replaced`,
      'move it away, or give another folder: --output-dir DIR',
    );
}

/** undefined: nothing is there; '': something that cannot be read. */
function contentOf(folder: string, file: string): string | undefined {
  if (!lstatSync(join(folder, file), { throwIfNoEntry: false })) return undefined;
  try {
    return readContained(folder, file).toString('latin1');
  } catch {
    return '';
  }
}

/** SHA-256 of a request (DER); '' of what is none. */
function digestOf(text: string): string {
  try {
    return describeRequest(text).sha256;
  } catch {
    return '';
  }
}

/** Whether nothing is left to tell of a request that waits. */
export function isRecorded(outDir: string, entity: Entity, prepared: Prepared, outputDir: string | undefined): boolean {
  const outputs = outputDir === undefined ? [] : [...outputsOf(outDir, entity, prepared)];
  return isEntered(outDir, entity) && outputs.every(output => isIn(outputDir!, output));
}

function isEntered(outDir: string, entity: Entity): boolean {
  const { facts } = readWaiting(outDir, entity.stem);
  const values = [['request', `SHA-256 ${spoken(facts.sha256)}`]] as const;
  return isStepEntered(outDir, { step: 'request', entity: entity.stem, values });
}

/** Enters it in the protocol, unless that was done, and puts it where it was asked for. */
export async function recordRequest(
  outDir: string,
  entity: Entity,
  prepared: Prepared,
  outputDir: string | undefined,
  surroundings: Surroundings,
): Promise<Requested> {
  const { inputs } = prepared;
  const { stem, token } = entity;
  const { facts, publicKey } = readWaiting(outDir, stem);
  const file = inputs.keysAtHand?.has(stem) ? keyFile(stem) : pendingFile(stem, 'key');
  const key = privateKey(stem, token, inputs.passphraseOf(entity), inputs.tokenRoad);
  const sha256 = spoken(facts.sha256);
  const values = [
    ['request', `SHA-256 ${sha256}`],
    ['key', `SHA-256 ${keyFingerprint(publicKey)}`],
    ['issuer', entity.issuer],
  ] as const;
  const own = token ? key : { ...key, file, argument: file };
  const step = { step: 'request', entity: stem, values, key: own, publicKey } as const;
  if (!isEntered(outDir, entity)) await appendProtocol(outDir, step, surroundings);
  if (outputDir !== undefined)
    for (const [name, content] of outputsOf(outDir, entity, prepared)) replaceFile(join(outputDir, name), content);
  const folder = outputDir ?? outDir;
  const [request, description] = requestOutputs(stem).map(name => join(folder, name)) as [string, string];
  return { name: stem, request, description, sha256, keySha256: keyFingerprint(publicKey) };
}
