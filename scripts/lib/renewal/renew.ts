// New certificates in a directory that is there: made beside it, verified, and moved in with everything that contains
// them by a journal, so that a run that is killed is finished or undone by the next one.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Authority } from '../authority/open.ts';
import { checkDirectory, refuseUnsound } from '../check/check.ts';
import { lapsedFieldUpdates } from '../check/updates.ts';
import { filledVariables, variablesIn } from '../model/uefi.ts';
import { isoTime } from '../model/validity.ts';
import type { Plan } from '../plan/plan.ts';
import { type RenewalInputs, variablesOf } from '../plan/renewal.ts';
import type { Surroundings } from '../run/exec.ts';
import { execute } from '../run/execute.ts';
import { publishInto } from '../run/journal.ts';
import { syncTree } from '../run/publish.ts';
import type { PlanReport } from '../run/report.ts';
import { inStaging } from '../run/staging.ts';
import { inTemporary } from '../run/temporary.ts';
import { requireTokenKeys } from '../run/token-step.ts';
import { requireTools } from '../run/tools.ts';
import { parseCertificate } from '../store/certificate.ts';
import { serialOf, wholeSerial } from '../store/database-rows.ts';
import { byStem, type CertificateFile, type PkiDirectory, readPkiDirectory } from '../store/directory.ts';
import { DERIVED_EXPORTS } from '../store/exports.ts';
import { firstCertificate } from '../store/files.ts';
import { certificateFile, fieldUpdateFile, keyFile, retiredFile, SCRATCH } from '../store/names.ts';
import { removeTree } from '../store/remove-tree.ts';
import type { Settings } from '../store/settings.ts';
import { replaceInChains } from './chains.ts';
import { filesOf, fillStaging } from './fill-staging.ts';
import type { Lists } from './lists.ts';
import { inOrder, isChanged, writeRecords } from './records.ts';
import { refuseLinked } from './refuse-linked.ts';
import type { Selection } from './select.ts';
import { formerUpdates } from './variables.ts';

export interface Renewed {
  readonly name: string;
  readonly issuer: string;
  readonly serial: string;
  /** ISO 8601, UTC. */
  readonly notAfter: string;
  /** The old private key, where there is a new one and it was in the directory; relative. */
  readonly retiredKey?: string;
}

export interface Outcome {
  readonly renewed: readonly Renewed[];
  /** Files of the directory that changed, relative. */
  readonly files: readonly string[];
  /** Updates for firmware that has the old certificates, in the order in which it takes them. */
  readonly fieldUpdates: readonly string[];
}

export interface Renewal {
  readonly directory: PkiDirectory;
  readonly selection: Selection;
  readonly inputs: RenewalInputs;
  readonly plan: Plan;
  readonly settings: Settings;
  /** What the lists of UEFI variables hold besides our certificates, by stem. */
  readonly lists: Lists;
  /** Files that go with what is published, by their path. */
  readonly removed: readonly string[];
  /** Databases of the issuers, locked, by stem. */
  readonly authorities: ReadonlyMap<string, Authority>;
  readonly surroundings: Surroundings;
  readonly width: number;
}

/** Makes the certificates of the selected entities. Call it with the lock of the directory held. */
export async function renewEntities(renewal: Renewal, report: PlanReport): Promise<Outcome> {
  const { directory, inputs, plan, surroundings } = renewal;
  refuseLinked(directory.path, [...plan.inputs, ...filesOf(plan)]);
  requireTools(plan.jobs, surroundings.environment);
  await requireTokenKeys(plan.jobs, inputs.mayGenerateInTokens ?? false, surroundings);
  return inStaging(directory.path, async staging => {
    fillStaging(staging, renewal, plan);
    const exported = exportsOfTokenKeys(renewal);
    for (const file of exported) removeTree(join(staging, file));
    report.begin(plan.jobs);
    const inside = { ...surroundings, folder: staging };
    await execute(plan.jobs, renewal.width, inside, report);
    removeTree(join(staging, SCRATCH));
    const chains = rewriteChains(staging, renewal);
    const files = [...filesOf(plan), ...writeRecords(staging, renewal), ...chains];
    const lapsed = await removeLapsed(staging, renewal, inside);
    await verify(staging, renewal, chains, inside);
    const changed = inOrder(files.filter(file => isChanged(directory.path, staging, file)));
    const outcome = describe(staging, renewal, changed);
    await syncTree(staging, inside);
    surroundings.controller.signal.throwIfAborted();
    publishInto(staging, directory.path, changed, [...renewal.removed, ...lapsed, ...exported]);
    for (const file of lapsed) report.note(`trustme-pki: removed "${file}": a former authoriser signed it`);
    return outcome;
  });
}

/** A key that is in a token now is in no export; the old one, which is, lies with what was retired. */
function exportsOfTokenKeys({ selection: { rekeyed }, inputs: { hierarchy } }: Renewal): string[] {
  const moved = [...rekeyed].flatMap(stem => (hierarchy.get(stem)?.token ? [keyFile(stem)] : []));
  return DERIVED_EXPORTS.filter(({ key }) => key && moved.includes(key)).map(({ file }) => file);
}

/** Updates of former runs for machines in the field, whose signer those do not know any more. */
async function removeLapsed(staging: string, { inputs }: Renewal, surroundings: Surroundings): Promise<string[]> {
  const variables = variablesOf(inputs);
  if (variables.length === 0) return [];
  const lapsed = await inTemporary(folder =>
    lapsedFieldUpdates(readPkiDirectory(staging), variables, folder, surroundings),
  );
  for (const file of lapsed) rmSync(join(staging, file));
  return lapsed;
}

/** Files whose chain has a certificate that was renewed. */
function rewriteChains(staging: string, { directory, selection, inputs }: Renewal): string[] {
  const isRenewed = ({ stem }: CertificateFile) => selection.entities.has(stem);
  const renewed = directory.certificates.filter(isRenewed);
  // Certificates from outside follow by themselves, or verify with the old one: it stays behind them. What is revoked
  // verifies with the old one alone.
  const isKnown = ({ stem }: CertificateFile) => inputs.hierarchy.has(stem) && !selection.revoked.has(stem);
  const others = directory.certificates.filter(each => !isRenewed(each) && isKnown(each));
  const texts = replaceInChains(others, renewed, staging);
  for (const [file, text] of texts) writeFileSync(join(staging, file), text, 'latin1');
  return [...texts.keys()];
}

async function verify(
  staging: string,
  { selection, inputs, directory, lists }: Renewal,
  chains: readonly string[],
  surroundings: Surroundings,
): Promise<void> {
  const touched = directory.certificates.filter(({ file }) => chains.includes(file)).map(({ stem }) => stem);
  const stems = new Set([...selection.entities, ...touched]);
  const othersOf = (stem: string) => lists.get(stem)?.all ?? [];
  const passphraseOf = (stem: string) => {
    const entity = inputs.hierarchy.get(stem);
    return entity && inputs.passphraseOf(entity);
  };
  const cleared = filledVariables(inputs.hierarchy.values()).filter(
    ({ variable }) => inputs.clearsPlatformKey && variable.name === 'PK',
  );
  const variables = [...new Map([...cleared, ...variablesOf(inputs)].map(each => [each.stem, each])).values()];
  // A variable whose update is not made again has another time.
  const planned = cleared.length > 0 ? {} : { ownerOf: inputs.ownerOf, timeOf: inputs.timeOf };
  const beginOf = (stem: string) => inputs.hierarchy.get(stem)?.certificate.notBefore;
  const expected = { stems, passphraseOf, beginOf, variables, othersOf, ...planned };
  refuseUnsound(await checkDirectory(expected, { ...surroundings, folder: staging }));
}

function describe(staging: string, { directory, selection, inputs }: Renewal, files: readonly string[]): Outcome {
  const there = byStem(directory.certificates);
  const renewed = [...selection.entities].map((stem): Renewed => {
    const entity = inputs.hierarchy.get(stem)!;
    const { serialNumber, validTo } = parseCertificate(firstCertificate(join(staging, certificateFile(entity))));
    const old = serialOf(there.get(stem)!.certificate.serialNumber);
    return {
      name: stem,
      issuer: entity.issuer,
      serial: wholeSerial(serialOf(serialNumber)),
      notAfter: isoTime(new Date(validTo)),
      ...(selection.rekeyed.has(stem) && directory.keys.has(stem) ? { retiredKey: retiredFile(stem, old, 'key') } : {}),
    };
  });
  // In the order in which machines take them: the present authoriser of each signed it, and PK's goes in the end; those to its former ones come first.
  const updates = variablesIn(inputs.hierarchy).map(each => fieldUpdateFile(each.stem, each.variable.name !== 'PK'));
  const former = [...selection.entities].flatMap(stem => formerUpdates([directory.path, staging], stem));
  return { renewed, files, fieldUpdates: [...former, ...updates.reverse().filter(file => files.includes(file))] };
}
