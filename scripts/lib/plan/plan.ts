// A hierarchy into the ordered jobs that make its PKI directory. Pure: time, serials and GUIDs are inputs.
import { type Hierarchy, subjectsOf } from '../model/hierarchy.ts';
import { type Entity, hasKey, isSelfSigned, keepsDatabase } from '../model/types.ts';
import { filledVariables } from '../model/uefi.ts';
import { DERIVED_EXPORTS, type DerivedExport } from '../store/exports.ts';
import { certificateFile, issuedFolder, keyFileOf } from '../store/names.ts';
import { type IssuingInputs, planDatabase, planEntity } from './issuing.ts';
import { type Job, job } from './job.ts';
import { planVariable, type SecureBootInputs } from './secure-boot.ts';

export interface PlanInputs extends IssuingInputs, SecureBootInputs {
  readonly hierarchy: Hierarchy;
  /** Stems of what is to be made; everything else is there already. */
  readonly wanted: ReadonlySet<string>;
}

export interface Plan {
  /** In an order in which they can be run one after another. */
  readonly jobs: readonly Job[];
  /** Files that the jobs read and no job makes: they must be there already. */
  readonly inputs: readonly string[];
  /** Folders that must be there before the jobs run. */
  readonly folders: readonly string[];
}

/** Plans what `wanted` names. */
export function planHierarchy(inputs: PlanInputs): Plan {
  const { hierarchy, wanted } = inputs;
  const subjects = [...hierarchy.values()].filter(({ stem }) => wanted.has(stem));
  const issued = subjectsOf(subjects);
  const files = new Set(subjects.map(certificateFile));
  // A key in a token is in no file that an export could hold.
  const keys = new Set(subjects.filter(each => hasKey(each) && !each.token).map(keyFileOf));
  const jobs = [
    ...subjects.flatMap(entity => planEntity(entity, hierarchy, inputs)),
    ...subjects
      .filter(keepsDatabase)
      .flatMap(entity => planDatabase(entity, issuedBy(entity, issued), inputs.serialOf)),
    ...filledVariables(subjects).flatMap(each => planVariable(each, hierarchy, inputs)),
    ...DERIVED_EXPORTS.filter(({ certificate, key }) => files.has(certificate) && (!key || keys.has(key))).map(
      planExport,
    ),
  ];
  return arrange(jobs, subjects);
}

/** Jobs in order, with what they find and where they write. */
export function arrange(jobs: readonly Job[], subjects: readonly Entity[]): Plan {
  const ordered = order(jobs);
  return { ...ordered, folders: foldersOf(ordered.jobs, subjects) };
}

/** What a CA issued, a self-signed certificate to itself among it. */
const issuedBy = (ca: Entity, issued: ReadonlyMap<string, readonly Entity[]>): Entity[] => [
  ...(isSelfSigned(ca) ? [ca] : []),
  ...(issued.get(ca.stem) ?? []),
];

/** One derived export as a job: DER of a certificate, or key and certificate in one PEM file. */
export function planExport({ file, certificate, key }: DerivedExport): Job {
  if (!key) return job(file, [certificate], { kind: 'der', certificate });
  const parts = [{ file: key }, { file: certificate, first: true as const }];
  return job(file, [key, certificate], { kind: 'concatenate', parts, mode: 0o600 });
}

/** A CA that has issued nothing yet has a folder for what it issues, too. */
function foldersOf(jobs: readonly Job[], subjects: readonly Entity[]): string[] {
  const made = jobs.flatMap(({ makes }) => makes).filter(file => file.includes('/'));
  const issued = subjects.filter(keepsDatabase).map(({ stem }) => issuedFolder(stem));
  return [...new Set([...made.map(file => file.replace(/\/[^/]*$/, '')), ...issued])].sort();
}

/** Needs from files to the jobs that make them; files that no job makes become the plan's inputs. */
function order(planned: readonly Job[]): Omit<Plan, 'folders'> {
  // Two variables may hold one certificate: its list is made once.
  const jobs = [...new Map(planned.map(each => [each.id, each])).values()];
  const makerOf = new Map(jobs.flatMap(each => each.makes.map(file => [file, each.id] as const)));
  const inputs = new Set<string>();
  const linked = jobs.map(each => {
    const needs = new Set<string>();
    for (const file of each.needs) {
      const maker = makerOf.get(file);
      if (maker === undefined) inputs.add(file);
      else if (maker !== each.id) needs.add(maker);
    }
    return { ...each, needs: [...needs] };
  });
  return { jobs: sortTopologically(linked), inputs: [...inputs] };
}

/** Keeps the given order where it can; a job comes after all that it needs. Paths may be long: no recursion. */
function sortTopologically(jobs: readonly Job[]): Job[] {
  const byId = new Map(jobs.map(each => [each.id, each]));
  const sorted = new Set<Job>();
  const pending = [...jobs].reverse();
  for (let each = pending.pop(); each; each = pending.pop()) {
    const missing = each.needs.map(id => byId.get(id)!).filter(need => !sorted.has(need));
    if (missing.length === 0) sorted.add(each);
    else pending.push(each, ...missing.reverse());
  }
  return [...sorted];
}
