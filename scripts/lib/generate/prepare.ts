// Everything that a run decides before it makes anything: configuration read, tools and key types checked, random
// inputs drawn, jobs planned.
import { randomBytes, randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { StateError } from '../errors.ts';
import { type Configuration, readConfiguration, type SourceFile } from '../model/configuration.ts';
import { formatKeyType } from '../model/key-type.ts';
import { choosePassphraseVariable, passphraseValue } from '../model/passphrase.ts';
import type { Entity, Variable } from '../model/types.ts';
import { type Plan, type PlanInputs, planHierarchy } from '../plan/plan.ts';
import type { Surroundings } from '../run/exec.ts';
import { requireKeyType, requireTools } from '../run/tools.ts';
import { readOwnFolder, readShippedFolder } from '../store/configuration-folder.ts';
import { packageVersion } from '../store/package.ts';
import { loadTemplate } from '../store/templates.ts';
import type { GenerateOptions } from './generate.ts';

export interface Prepared {
  readonly configuration: Configuration;
  readonly sources: readonly SourceFile[];
  readonly inputs: PlanInputs;
  readonly plan: Plan;
  readonly surroundings: Surroundings;
  /** What this run makes. */
  readonly made: readonly Entity[];
}

/** Prepares the making of the entities that `isWanted` names. */
export async function prepare(
  outDir: string,
  options: GenerateOptions,
  isWanted: (entity: Entity) => boolean,
  controller: AbortController,
): Promise<Prepared> {
  const { environment } = options;
  const folders = [readShippedFolder(), ...options.configurationFolders.map(readOwnFolder)];
  const configuration = readConfiguration(folders, { brand: options.brand, keyType: options.keyType });
  const made = [...configuration.hierarchy.values()].filter(isWanted);
  const surroundings: Surroundings = {
    folder: dirname(outDir),
    environment,
    secretOf: name => passphraseValue(name, environment),
    controller,
  };
  const inputs = await drawInputs(configuration, made, environment);
  const plan = planHierarchy(inputs);
  requireTools(plan.jobs, environment);
  const keyTypes = new Map(made.map(({ keyType }) => [formatKeyType(keyType), keyType]));
  for (const keyType of keyTypes.values()) await requireKeyType(keyType, options.isWeakForced, surroundings);
  refuseForFirmware(made);
  return { configuration, sources: folders.flat(), inputs, plan, surroundings, made };
}

async function drawInputs(
  { hierarchy }: Configuration,
  made: readonly Entity[],
  environment: NodeJS.ProcessEnv,
): Promise<PlanInputs> {
  const serials = new Map(made.map(({ stem }) => [stem, randomSerial()]));
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
    template: await loadTemplate(),
    version: packageVersion(),
    passphraseOf: ({ stem }) => passphrases.get(stem),
    serialOf: stem => serials.get(stem)!,
    ownerOf: ({ stem }) => owners.get(stem)!,
    timeOf: updateTimes(new Date()),
  };
}

/** 159 bits, the highest of them set: random, positive, at most 20 octets (RFC 5280 4.1.2.2), never with a leading zero. */
function randomSerial(): string {
  const bytes = randomBytes(20);
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
