// A PKI whose first certificates are made elsewhere: they come one by one, and with the last one everything else is made.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { appendProtocol, isEntered, keyFingerprint } from '../authority/protocol.ts';
import { StateError, UsageError } from '../errors.ts';
import { withRequestOptions } from '../generate/awaited.ts';
import { type GenerateOptions, generate, type Outcome, resolveOutDir } from '../generate/generate.ts';
import { passphraseVariable, requirePassphrases } from '../generate/prepare.ts';
import { nearest } from '../model/nearest.ts';
import { spoken } from '../model/protocol.ts';
import { isIssuedElsewhere } from '../model/relations.ts';
import { privateKey } from '../plan/private-key.ts';
import { surroundingsIn } from '../run/exec.ts';
import { finishInterrupted } from '../run/interrupted.ts';
import { takeDirectoryLock } from '../run/lock.ts';
import type { PlanReport } from '../run/report.ts';
import { pendingFile } from '../store/names.ts';
import { readProtocol } from '../store/protocol.ts';
import { replaceFile } from '../store/replace-file.ts';
import { isAwaited, readPending } from '../store/requests.ts';
import { readSettings } from '../store/settings.ts';
import { findTokenRoad } from '../store/token-road.ts';
import { readWaiting } from '../store/waiting-request.ts';
import { type ImportChoice, importValues } from './import.ts';
import { judgeCertificate, readCertificate } from './judge.ts';

export interface Awaited {
  readonly sha256: string;
  readonly keySha256: string;
  readonly differences: string;
  /** Entities whose certificates are still to come. */
  readonly waiting: readonly string[];
  /** What was generated when the last one had come. */
  readonly generated: Outcome | undefined;
}

/** Keeps a certificate; with the last one the PKI is made and published. */
export async function importAwaited(
  options: GenerateOptions,
  choice: ImportChoice,
  report: PlanReport,
  controller: AbortController,
): Promise<Awaited> {
  const outDir = resolveOutDir(options.outDir);
  const lock = await takeDirectoryLock(outDir, controller.signal, () =>
    report.note(`waiting for another run on ${outDir}`),
  );
  let kept: Omit<Awaited, 'generated'>;
  try {
    await finishInterrupted(outDir, controller.signal, text => report.note(text));
    if (!isAwaited(outDir)) throw new StateError(`"${outDir}" was completed meanwhile`, 'run again');
    readProtocol(outDir);
    kept = await keep(outDir, withRequestOptions(options, outDir), choice, controller);
  } finally {
    lock.release();
  }
  if (kept.waiting.length > 0) return { ...kept, generated: undefined };
  return { ...kept, generated: await generate(options, report, controller) };
}

async function keep(
  outDir: string,
  { configurationFolders, brand, keyType, environment }: GenerateOptions,
  { name, certificate: given, acceptsDifferences }: ImportChoice,
  controller: AbortController,
): Promise<Omit<Awaited, 'generated'>> {
  const { hierarchy } = readSettings(configurationFolders, { brand, keyType, now: new Date() }).configuration;
  const waiting = readPending(outDir);
  const pending = waiting.get(name);
  const entity = hierarchy.get(name);
  if (!pending || !entity) {
    const close = nearest(name, [...waiting.keys()]);
    throw new UsageError(
      `no request of "${name}" waits in "${outDir}"`,
      close ? `did you mean "${close}"?` : `trustme-pki request ${name}`,
    );
  }
  const { publicKey } = readWaiting(outDir, name);
  const issuerFile = hierarchy.get(entity.issuer)?.supplied?.certificate ?? waiting.get(entity.issuer)?.certificate;
  if (issuerFile === undefined)
    throw new StateError(
      `the certificate of ${entity.issuer}, which issued it, is not here`,
      `import that first, or name it in ${entity.issuer}.ini: certificate-file = FILE`,
    );
  const certificate = readCertificate(given);
  const issuer = readCertificate(issuerFile);
  const wanted = { entity, hierarchy, key: publicKey, issuer };
  const told = judgeCertificate(given, certificate, wanted, acceptsDifferences);
  requirePassphrases([entity], each => passphraseVariable(each, environment), environment);
  const step = { step: 'import', entity: name, values: importValues(entity, certificate, told) } as const;
  const isKept =
    pending.certificate !== undefined && readFileSync(pending.certificate, 'utf8') === certificate.toString();
  replaceFile(join(outDir, pendingFile(name, 'certificate.pem')), certificate.toString());
  const file = pendingFile(name, 'key');
  const road = entity.token ? findTokenRoad(environment) : 'engine';
  const signer = privateKey(name, entity.token, passphraseVariable(entity, environment), road);
  const own = entity.token ? signer : { ...signer, file, argument: file };
  const surroundings = surroundingsIn(outDir, environment, controller);
  if (!isKept || !isEntered(outDir, step)) await appendProtocol(outDir, { ...step, key: own, publicKey }, surroundings);
  const missing = [...hierarchy.values()].filter(
    each =>
      isIssuedElsewhere(each, hierarchy) && each.stem !== name && waiting.get(each.stem)?.certificate === undefined,
  );
  const asked = [...waiting.values()].filter(each => each.stem !== name && each.certificate === undefined);
  return {
    sha256: spoken(certificate.fingerprint256),
    keySha256: keyFingerprint(publicKey),
    differences: told,
    waiting: [...new Set([...missing, ...asked].map(({ stem }) => stem))],
  };
}
