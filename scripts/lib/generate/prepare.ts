// Everything that a run decides before it makes anything: configuration read, tools and key types checked, random
// inputs drawn, jobs planned.
import { randomBytes, randomUUID } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, StateError } from '../errors.ts';
import { problemOf } from '../model/hierarchy.ts';
import { formatKeyType, refuseWeakRsa } from '../model/key-type.ts';
import { choosePassphraseVariable, passphraseValue } from '../model/passphrase.ts';
import type { Entity, Variable } from '../model/types.ts';
import { type Plan, type PlanInputs, planHierarchy } from '../plan/plan.ts';
import type { Surroundings } from '../run/exec.ts';
import { requireKeyType, requireTools } from '../run/tools.ts';
import { parseCertificate } from '../store/certificate.ts';
import { firstCertificate } from '../store/files.ts';
import { packageVersion } from '../store/package.ts';
import { readSettings, type Settings } from '../store/settings.ts';
import { loadTemplates } from '../store/templates.ts';
import { readerNotes } from './fitness.ts';
import type { GenerateOptions } from './generate.ts';

export interface Prepared extends Settings {
  readonly inputs: PlanInputs;
  readonly plan: Plan;
  /** What this run makes. */
  readonly made: readonly Entity[];
  /** What is no mistake but worth a word. */
  readonly notes: readonly string[];
}

/** What of the options decides the plan. */
export type PlanOptions = Pick<
  GenerateOptions,
  'keyType' | 'brand' | 'configurationFolders' | 'environment' | 'isWeakForced'
>;

/** Plans the making of the entities that `isWanted` names. Runs nothing. */
export async function prepare(options: PlanOptions, isWanted: (entity: Entity) => boolean): Promise<Prepared> {
  const { brand, keyType, environment } = options;
  const now = new Date();
  const settings = readSettings(options.configurationFolders, { brand, keyType, now });
  const { hierarchy, notes } = settings.configuration;
  const made = [...hierarchy.values()].filter(isWanted);
  for (const entity of made) refuseWeakRsa(entity.keyType, options.isWeakForced);
  refuseForFirmware(made);
  const inputs = await drawInputs(settings, made, environment, now);
  return { ...settings, inputs, plan: planHierarchy(inputs), made, notes: [...notes, ...readerNotes(made, hierarchy)] };
}

/** What the commands of the run get. */
export function surroundingsOf(
  outDir: string,
  environment: NodeJS.ProcessEnv,
  controller: AbortController,
): Surroundings {
  const secretOf = (name: string) => passphraseValue(name, environment);
  return { folder: dirname(outDir), environment, secretOf, controller };
}

/** Refuses a plan that the installed tools cannot carry out. */
export async function requireAbility(
  { plan, made }: Prepared,
  isWeakForced: boolean,
  surroundings: Surroundings,
): Promise<void> {
  requireTools(plan.jobs, surroundings.environment);
  const keyTypes = new Map(made.map(({ keyType }) => [formatKeyType(keyType), keyType]));
  for (const keyType of keyTypes.values()) await requireKeyType(keyType, isWeakForced, surroundings);
}

async function drawInputs(
  { configuration: { hierarchy }, templates }: Settings,
  made: readonly Entity[],
  environment: NodeJS.ProcessEnv,
  now: Date,
): Promise<PlanInputs> {
  const serials = new Map(made.map(entity => [entity.stem, serialFor(entity)]));
  const platformOwner = randomUUID();
  const owners = new Map(
    [...hierarchy.values()].map(({ stem, variable }) => [stem, variable ? platformOwner : randomUUID()]),
  );
  const passphrases = new Map(
    [...hierarchy.values()].map(entity => [entity.stem, passphraseVariable(entity, environment)]),
  );
  return {
    hierarchy,
    wanted: new Set(made.map(({ stem }) => stem)),
    templateOf: await loadTemplates(templates),
    version: packageVersion(),
    passphraseOf: ({ stem }) => passphrases.get(stem),
    serialOf: stem => serials.get(stem)!,
    ownerOf: ({ stem }) => owners.get(stem)!,
    timeOf: updateTimes(now),
  };
}

/** Random, or that of the certificate that was made elsewhere. */
function serialFor(entity: Entity): string {
  const { supplied, serialOctets } = entity;
  if (!supplied) return randomSerial(serialOctets);
  try {
    if (supplied.key !== undefined) accessSync(supplied.key, constants.R_OK);
    return parseCertificate(firstCertificate(supplied.certificate)).serialNumber;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const key =
      code !== undefined && (error as NodeJS.ErrnoException).path === supplied.key ? 'key-file' : 'certificate-file';
    throw new ConfigError([
      problemOf(entity, '', key, `a file in PEM that can be read (${code ?? message.split('\n')[0]})`),
    ]);
  }
}

/** Random, positive, of exactly so many octets (at most 20: RFC 5280 4.1.2.2), never with a leading zero. */
function randomSerial(octets: number): string {
  const bytes = randomBytes(octets);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString('hex').toUpperCase();
}

/** One second apart, rising from PK over KEK to db, none in the future. */
function updateTimes(now: Date): (variable: Variable['name']) => Date {
  const order: readonly Variable['name'][] = ['PK', 'KEK', 'db'];
  return variable => new Date(now.getTime() - 1000 * (order.length - 1 - order.indexOf(variable)));
}

function passphraseVariable({ stem, passphraseVariables }: Entity, environment: NodeJS.ProcessEnv): string | undefined {
  if (passphraseVariables.length === 0) return undefined;
  const chosen = choosePassphraseVariable(passphraseVariables, name => Boolean(environment[name]));
  if (chosen === undefined)
    throw new StateError(
      `the key of ${stem} needs a passphrase, and none of its variables is set`,
      `export ${passphraseVariables.join(' or ')}`,
    );
  return chosen;
}

/** UEFI firmware verifies RSA and NIST curves; efitools cannot even sign with other keys. */
function refuseForFirmware(made: readonly Entity[]): void {
  const unfit = made.find(({ variable, keyType }) => variable && keyType.kind === 'other');
  if (unfit)
    throw new StateError(
      `UEFI platform keys cannot be ${formatKeyType(unfit.keyType)} keys (${unfit.stem})`,
      'give rsa:BITS or ec:CURVE, or generate without platform keys',
    );
}
