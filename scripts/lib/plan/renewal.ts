// New certificates for entities that have one, and everything that contains them: jobs for a directory that is there.
import { type Entity, isSelfSigned, type TokenKey } from '../model/types.ts';
import { filling, type VariableFiles, variablesIn } from '../model/uefi.ts';
import type { DerivedExport } from '../store/exports.ts';
import { CLEAR_PK, certificateFile, fieldUpdateFile, listFile, SCRATCH } from '../store/names.ts';
import { signUpdate } from './efitools.ts';
import { keyOf, planEntity } from './issuing.ts';
import { type Job, job } from './job.ts';
import { arrange, type Plan, type PlanInputs, planExport } from './plan.ts';
import { type PrivateKey, privateKey } from './private-key.ts';
import { concatenation, memberList, planVariable } from './secure-boot.ts';

export interface RenewalInputs extends PlanInputs {
  /** Exports and variables that the directory has. */
  readonly exports: readonly DerivedExport[];
  readonly hasVariable: (stem: string) => boolean;
  /** Stems of variables that are made again whatever their certificates do. */
  readonly touched: ReadonlySet<string>;
  /** A file with the lists of what is new among the others of a variable. */
  readonly freshOf: (stem: string) => string | undefined;
  /** Whether the update that empties PK is made. */
  readonly clearsPlatformKey: boolean;
  /** Where the key of a stem is in a token, now that others take its place. */
  readonly formerTokenOf: (stem: string) => TokenKey | undefined;
}

/** Where certificate and key lie that firmware knows, while new ones take their place. */
export const formerFile = (stem: string, extension: 'crt' | 'key'): string => `${SCRATCH}/former/${stem}.${extension}`;

/** Lists of what a variable holds besides our certificates, and of what of that is new. */
export const othersFile = (stem: string): string => `${SCRATCH}/others/${listFile(stem)}`;
export const freshFile = (stem: string): string => `${SCRATCH}/fresh/${listFile(stem)}`;

/** Plans new certificates for `wanted`. */
export function planRenewal(inputs: RenewalInputs): Plan {
  const { hierarchy, wanted, exports } = inputs;
  const subjects = [...hierarchy.values()].filter(({ stem }) => wanted.has(stem));
  const files = new Set(subjects.map(certificateFile));
  return arrange(
    [
      ...subjects.flatMap(entity => planEntity(entity, hierarchy, inputs)),
      ...variablesOf(inputs).flatMap(each => [
        ...planVariable(each, hierarchy, inputs),
        ...planFieldUpdate(each, inputs),
      ]),
      ...(inputs.clearsPlatformKey ? planClearing(inputs) : []),
      ...exports.filter(({ certificate }) => files.has(certificate)).map(planExport),
    ],
    [],
  );
}

/** The variables that are changed, and those after them, whose times come later. */
export function variablesOf({
  hierarchy,
  wanted,
  hasVariable,
  touched,
}: Pick<RenewalInputs, 'hierarchy' | 'wanted' | 'hasVariable' | 'touched'>): VariableFiles[] {
  const all = variablesIn(hierarchy).filter(({ stem }) => hasVariable(stem) || touched.has(stem));
  const isChanged = ({ stem, variable: { authoriser, contains } }: VariableFiles) =>
    touched.has(stem) || [authoriser, ...contains].some(each => wanted.has(each));
  const first = all.findIndex(isChanged);
  return first < 0 ? [] : all.slice(first);
}

/**
 * What machines take that have the old certificates: db, dbx and KEK get the new ones beside them, signed by whom they
 * know. PK holds one key: it is replaced, on the word of the old one.
 */
function planFieldUpdate({ stem, variable }: VariableFiles, inputs: RenewalInputs): Job[] {
  const { hierarchy, wanted, ownerOf, timeOf, othersOf, freshOf } = inputs;
  const { name, contains, authoriser } = variable;
  const isWhole = contains.length === 1 && othersOf?.(stem) === undefined;
  const members = contains.filter(each => wanted.has(each)).map(each => hierarchy.get(each)!);
  const lists = [...members.map(member => memberList(member, stem, isWhole)), freshOf(stem) ?? []].flat();
  if (lists.length === 0) return [];
  const signer = signerKnown(hierarchy.get(authoriser)!, inputs);
  const isAppended = name !== 'PK';
  const list = isAppended ? `${SCRATCH}/append/${listFile(stem)}` : listFile(stem);
  const out = fieldUpdateFile(stem, isAppended);
  // Whoever takes this one first takes the whole list later, too.
  const time = new Date(timeOf(name).getTime() - 1000);
  const step = signUpdate(name, time, signer, ownerOf(stem), list, out, isAppended);
  return [
    ...(isAppended ? [concatenation(list, lists)] : []),
    job(out, [list, signer.key.file, signer.certificate], step),
  ];
}

/** An update that empties PK: the platform is in set-up mode again. */
function planClearing(inputs: RenewalInputs): Job[] {
  const owner = inputs.hierarchy.get(filling(inputs.hierarchy, 'PK'))!;
  const key = keyOf(owner, inputs);
  const certificate = certificateFile(owner);
  const empty = `${SCRATCH}/empty.esl`;
  // Later than the one that sets it, which may be made together with this.
  const time = new Date(inputs.timeOf('PK').getTime() + 1000);
  const step = signUpdate('PK', time, { key, certificate }, inputs.ownerOf(owner.stem), empty, CLEAR_PK);
  return [concatenation(empty, []), job(CLEAR_PK, [empty, key.file, certificate], step)];
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
