// Everything that a run decides before it makes anything: configuration read, tools and key types checked, random
// inputs drawn, jobs planned.
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { ConfigError, StateError } from '../errors.ts';
import type { Hierarchy } from '../model/hierarchy.ts';
import { formatKeyType } from '../model/key-type.ts';
import { outlivingSupplied } from '../model/nesting.ts';
import { choosePassphraseVariable, passphraseValue } from '../model/passphrase.ts';
import { issuersElsewhere } from '../model/relations.ts';
import { describeToken } from '../model/token.ts';
import type { Entity, Supplied, VariableName } from '../model/types.ts';
import { VARIABLE_ORDER } from '../model/uefi.ts';
import { type Plan, type PlanInputs, planHierarchy } from '../plan/plan.ts';
import type { Surroundings } from '../run/exec.ts';
import { requireDigest, requireSignature, requireTools } from '../run/tools.ts';
import { packageVersion } from '../store/package.ts';
import { readSettings, type Settings } from '../store/settings.ts';
import { loadTemplates } from '../store/templates.ts';
import { findTokenRoad } from '../store/token-road.ts';
import { blamed, readerNotes, refuseForFirmware, refuseUnfit, requireKeyTypes } from './fitness.ts';
import type { GenerateOptions } from './generate.ts';
import { serialFor } from './serial.ts';

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
  'keyType' | 'brand' | 'configurationFolders' | 'environment' | 'isWeakForced' | 'mayGenerateInTokens'
> & {
  /** Certificates that have come since, by stem. */
  readonly supplied?: ReadonlyMap<string, Supplied>;
  /** What is otherwise than the configuration says: keys to be thrown away. */
  readonly change?: (hierarchy: Hierarchy) => Hierarchy;
};

const withHierarchy = (settings: Settings, hierarchy: Hierarchy): Settings => ({
  ...settings,
  configuration: { ...settings.configuration, hierarchy },
});

/** Plans the making of the entities that `isWanted` names. Runs nothing. */
export async function prepare(options: PlanOptions, isWanted: (entity: Entity) => boolean): Promise<Prepared> {
  const { brand, keyType, supplied } = options;
  const now = new Date();
  const read = readSettings(options.configurationFolders, { brand, keyType, now, supplied, isMade: isWanted });
  const settings = options.change ? withHierarchy(read, options.change(read.configuration.hierarchy)) : read;
  const { hierarchy, notes } = settings.configuration;
  const made = [...hierarchy.values()].filter(isWanted);
  const elsewhere = issuersElsewhere(made, hierarchy);
  if (elsewhere.length > 0)
    throw new ConfigError(
      elsewhere,
      'edit the lines named above; or have them certified where that key is: trustme-pki request ENTITY',
    );
  const outliving = outlivingSupplied(made, hierarchy, now);
  if (outliving.length > 0) throw new ConfigError(outliving);
  await refuseUnfit(made.filter(hasKeyMade), options.isWeakForced);
  refuseForFirmware(made);
  const inputs = await drawInputs(settings, made, options, now);
  return {
    ...settings,
    inputs,
    plan: withAbsoluteSources(planHierarchy(inputs)),
    made,
    notes: [...notes, ...readerNotes(made, hierarchy)],
  };
}

/** Commands of a plan run in another folder than the one in which its sources were named. */
function withAbsoluteSources(plan: Plan): Plan {
  const jobs = plan.jobs.map(job =>
    job.step.kind === 'copy' ? { ...job, step: { ...job.step, source: resolve(job.step.source) } } : job,
  );
  return { ...plan, jobs };
}

/** Refuses a plan that the installed tools cannot carry out. */
export async function requireAbility(
  { plan, made, inputs }: Prepared,
  isWeakForced: boolean,
  surroundings: Surroundings,
): Promise<void> {
  requirePassphrases(inputs.hierarchy.values(), inputs.passphraseOf, surroundings.environment);
  requireTools(plan.jobs, surroundings.environment);
  if (plan.jobs.some(({ step }) => step.kind === 'token'))
    await (await import('../run/token-step.ts')).requireTokenKeys(
      plan.jobs,
      inputs.mayGenerateInTokens ?? false,
      surroundings,
    );
  await requireKeyTypes(made.filter(hasKeyMade), isWeakForced, surroundings);
  const signers = new Map(made.map(entity => [`${formatKeyType(entity.keyType)} ${entity.digest}`, entity]));
  for (const entity of signers.values()) {
    await blamed(entity, 'key-type', () => requireSignature(entity, surroundings));
    await blamed(entity, 'digest', () => requireDigest(entity, surroundings));
  }
}

/** What was made elsewhere is as it is. */
const hasKeyMade = ({ supplied }: Entity): boolean => supplied === undefined;

async function drawInputs(
  { configuration: { hierarchy }, templates }: Settings,
  made: readonly Entity[],
  { environment, mayGenerateInTokens }: PlanOptions,
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
    ownerOf: stem => owners.get(stem)!,
    timeOf: updateTimes(now),
    tokenRoad: made.some(({ token }) => token) ? findTokenRoad(environment) : 'engine',
    mayGenerateInTokens: mayGenerateInTokens ?? false,
  };
}

/** One second apart, rising from PK over KEK to db, none in the future. */
function updateTimes(now: Date): (variable: VariableName) => Date {
  const last = VARIABLE_ORDER.indexOf('db');
  return variable => new Date(now.getTime() - 1000 * (last - VARIABLE_ORDER.indexOf(variable)));
}

/** The variable for the passphrase of its key; whether it is set is asked before anything is run. */
export function passphraseVariable(
  { passphraseVariables, token }: Entity,
  environment: NodeJS.ProcessEnv,
): string | undefined {
  if (token) return token.pinVariable;
  return choosePassphraseVariable(passphraseVariables, name => Boolean(environment[name])) ?? passphraseVariables[0];
}

/** PEM_BUFSIZE of openssl. */
const MOST_PASSPHRASE_BYTES = 1024;

/** Throws a StateError where the variable with the passphrase of a key, or the PIN of its token, is not set or too long. */
export function requirePassphrases(
  entities: Iterable<Entity>,
  passphraseOf: PlanInputs['passphraseOf'],
  environment: NodeJS.ProcessEnv,
): void {
  for (const entity of entities) {
    const variable = passphraseOf(entity);
    if (variable === undefined) continue;
    const bytes = Buffer.byteLength(passphraseValue(variable, environment) ?? '');
    if (bytes > MOST_PASSPHRASE_BYTES)
      throw new StateError(
        `the passphrase in ${variable} has ${bytes} bytes, and openssl reads ${MOST_PASSPHRASE_BYTES}`,
        `export a shorter ${variable}`,
      );
    if (bytes === 0)
      throw entity.token
        ? new StateError(
            `the key of ${entity.stem} is in the token ${describeToken(entity.token)}, and ${variable} does not say its PIN`,
            `export ${variable}`,
          )
        : new StateError(
            `the key of ${entity.stem} needs a passphrase, and none of its variables is set`,
            `export ${entity.passphraseVariables.join(' or ')}`,
          );
  }
}
