// New certificates for entities that have one, and everything that contains them: jobs for a directory that is there.
import { type Entity, isSelfSigned, type TokenKey, type Variable } from '../model/types.ts';
import type { DerivedExport } from '../store/exports.ts';
import { certificateFile, fieldUpdateFile, listFile, SCRATCH } from '../store/names.ts';
import { signUpdate } from './efitools.ts';
import { keyOf, planEntity } from './issuing.ts';
import { type Job, job } from './job.ts';
import { arrange, type Plan, type PlanInputs, planExport } from './plan.ts';
import { type PrivateKey, privateKey } from './private-key.ts';
import { memberList, planVariable } from './secure-boot.ts';

export interface RenewalInputs extends PlanInputs {
  /** Exports and variables that the directory has. */
  readonly exports: readonly DerivedExport[];
  readonly hasVariable: (stem: string) => boolean;
  /** Where the key of a stem is in a token, now that others take its place. */
  readonly formerTokenOf: (stem: string) => TokenKey | undefined;
}

/** Where certificate and key lie that firmware knows, while new ones take their place. */
export const formerFile = (stem: string, extension: 'crt' | 'key'): string => `${SCRATCH}/former/${stem}.${extension}`;

/** Plans new certificates for `wanted`. */
export function planRenewal(inputs: RenewalInputs): Plan {
  const { hierarchy, wanted, exports } = inputs;
  const subjects = [...hierarchy.values()].filter(({ stem }) => wanted.has(stem));
  const files = new Set(subjects.map(certificateFile));
  return arrange(
    [
      ...subjects.flatMap(entity => planEntity(entity, hierarchy, inputs)),
      ...variablesOf(inputs).flatMap(([entity, variable]) => [
        ...planVariable(entity, variable, hierarchy, inputs),
        ...planFieldUpdate(entity, variable, inputs),
      ]),
      ...exports.filter(({ certificate }) => files.has(certificate)).map(planExport),
    ],
    [],
  );
}

const ORDER: readonly Variable['name'][] = ['PK', 'KEK', 'db'];

/** The variables that hold a new certificate, or whose update one signs; and those after them, whose times come later. */
export function variablesOf({ hierarchy, wanted, hasVariable }: RenewalInputs): [Entity, Variable][] {
  const all = [...hierarchy.values()].flatMap(entity =>
    entity.variable && hasVariable(entity.stem) ? [[entity, entity.variable] as [Entity, Variable]] : [],
  );
  const rank = ([, { name }]: [Entity, Variable]) => ORDER.indexOf(name);
  const concerned = all.filter(([, { authoriser, contains }]) =>
    [authoriser, ...contains].some(each => wanted.has(each)),
  );
  const first = Math.min(...concerned.map(rank));
  return all.filter(each => rank(each) >= first);
}

/**
 * What machines take that have the old certificates: db and KEK get the new ones beside them, signed by whom they know.
 * PK holds one key: it is replaced, on the word of the old one.
 */
function planFieldUpdate(entity: Entity, variable: Variable, inputs: RenewalInputs): Job[] {
  const { hierarchy, wanted, ownerOf, timeOf } = inputs;
  const fresh = variable.contains.filter(stem => wanted.has(stem));
  if (fresh.length === 0) return [];
  const { authoriser } = variable;
  const signer = signerKnown(hierarchy.get(authoriser)!, inputs);
  const isAppended = variable.name !== 'PK';
  const lists = fresh.map(stem => memberList(hierarchy.get(stem)!, entity, variable.contains.length));
  const list = isAppended ? `${SCRATCH}/append/${listFile(entity.stem)}` : listFile(entity.stem);
  const out = fieldUpdateFile(entity.stem, isAppended);
  const parts = lists.map(file => ({ file }));
  const step = signUpdate(variable, timeOf(variable.name), signer, ownerOf(entity), list, out, isAppended);
  return [
    ...(isAppended ? [job(list, lists, { kind: 'concatenate', parts, mode: 0o644 })] : []),
    job(out, [list, signer.key.file, signer.certificate], step),
  ];
}

/** Key and certificate of an authoriser that machines in the field know. */
function signerKnown(authoriser: Entity, inputs: RenewalInputs): { key: PrivateKey; certificate: string } {
  const { stem } = authoriser;
  const key = keyOf(authoriser, inputs);
  if (!inputs.wanted.has(stem)) return { key, certificate: certificateFile(authoriser) };
  const former = inputs.formerTokenOf(stem);
  const file = formerFile(stem, 'key');
  const certificate = formerFile(stem, 'crt');
  if (former) return { key: { ...privateKey(stem, former, undefined, inputs.tokenRoad), file }, certificate };
  return { key: { ...key, token: undefined, file, argument: file }, certificate };
}

/** Whether a certificate is below one of these CAs. */
export function isBelow(entity: Entity, stems: ReadonlySet<string>, entities: ReadonlyMap<string, Entity>): boolean {
  for (let each = entity; !isSelfSigned(each); ) {
    if (stems.has(each.issuer)) return true;
    each = entities.get(each.issuer)!;
  }
  return false;
}
