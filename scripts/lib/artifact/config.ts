// GuestOS and container configurations: signed as the core container takes them, and checked as it does. NAME.conf gets
// NAME.sig (RSA-PSS or ECDSA over SHA-512) beside NAME.cert, the signer's certificate with its chain; or NAME.p7s (CMS).
import { constants, verify, type X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CommandError, StateError, UsageError } from '../errors.ts';
import { derToPem } from '../model/pem.ts';
import { command, commandWithKey } from '../plan/job.ts';
import { passin } from '../plan/private-key.ts';
import { runCommand, type Surroundings } from '../run/exec.ts';
import { inTemporary } from '../run/temporary.ts';
import { parseCertificates } from '../store/certificate.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { writeNew } from '../store/files.ts';
import { absenceOf } from '../store/input-file.ts';
import { isOwnDigestName } from '../store/oid-names.ts';
import { refuseOutput } from '../store/output-file.ts';
import { publishFile } from './output.ts';
import { type Signer, signsDigests } from './signer.ts';

/** What `signConfig` writes. */
export function resultsOfConfig(file: string, output: string | undefined, isCms: boolean): string[] {
  const { cms, signature, certificate } = filesOf(file, output);
  return isCms ? [cms] : [signature, certificate];
}

/** Files of a configuration, by its own; `stem` is its path without the extension. */
const filesOf = (file: string, stem = file.replace(/\.[^./]+$/, '')) => ({
  signature: `${stem}.sig`,
  certificate: `${stem}.cert`,
  cms: `${stem}.p7s`,
  key: `${stem}.key`,
});

/** The salt of a PSS signature is as long as the hash. */
const PSS = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest'];

/** Signs one configuration. `output`: path of the results without their extension. */
export async function signConfig(
  file: string,
  output: string | undefined,
  isCms: boolean,
  signer: Signer,
): Promise<void> {
  const files = filesOf(file, output);
  if (resultsOfConfig(file, output, isCms).some(result => resolve(result) === resolve(file)))
    throw new UsageError(
      `"${file}" would be replaced by its own signature`,
      'give --output, another name without extension',
    );
  const { key, surroundings, certificate } = signer;
  const { keyType } = describeCertificate(certificate.certificate.raw);
  const isRsa = keyType.startsWith('rsa:');
  if (isCms) {
    await signCms(file, files.cms, signer).catch((error: unknown) => {
      throw isOwnDigestName(keyType) && error instanceof CommandError ? unableToSign(certificate.file, keyType) : error;
    });
    return;
  }
  if (!signsDigests(certificate.certificate))
    throw new StateError(
      `the device takes SHA-512 signatures of configurations, which the ${keyType} key of ${certificate.file} cannot make`,
      `sign with an RSA or EC key: --signer ENTITY${isOwnDigestName(keyType) ? ', or --cms with OpenSSL 3.5 where the device takes that' : ''}`,
    );
  if (existsSync(files.key))
    throw new StateError(
      `"${files.certificate}" would stand beside "${files.key}", which is another certificate's`,
      'keep configurations and certificates in folders of their own, or give --output',
    );
  const args = ['dgst', '-sha512', '-sign', key.argument, ...passin(key), ...(isRsa ? PSS : [])];
  const chain = bundle([certificate.certificate, ...certificate.chain]);
  // A certificate beside a signature is that of an earlier run; without one, of a run that was stopped between them.
  const isOwn = (there: Buffer) => existsSync(files.signature) || there.equals(Buffer.from(chain));
  if (existsSync(files.certificate)) {
    refuseOutput(files.certificate, isOwn);
    if (!isOwn(readFileSync(files.certificate)))
      throw new StateError(
        `"${files.certificate}" is there without "${files.signature}", so no earlier run made it: it is not replaced`,
        'keep configurations and certificates in folders of their own, or give --output',
      );
  }
  await publishFile(files.signature, async draft => {
    await runCommand(
      commandWithKey('openssl', [...args, '-out', draft, file], key, certificate.file),
      files.signature,
      surroundings,
    );
    if (!isSignedBy(file, readFileSync(draft), certificate.certificate))
      throw new StateError(`the signature of "${file}" does not fit ${certificate.file}: it was thrown away`);
    // The certificate first: a signature that is there has what verifies it.
    await publishFile(files.certificate, async path => writeNew(path, chain), isOwn);
  });
}

const unableToSign = (file: string, keyType: string): StateError =>
  new StateError(
    `openssl here signs no CMS with the ${keyType} key of ${file}`,
    'sign with an RSA or EC key: --signer ENTITY; OpenSSL 3.5 knows more',
  );

/** A detached signature with the signer's certificate and its chain. */
async function signCms(file: string, output: string, signer: Signer): Promise<void> {
  const { key, surroundings, certificate } = signer;
  const { isPssKey } = describeCertificate(certificate.certificate.raw);
  await inTemporary(async folder => {
    const chain = join(folder, 'chain.pem');
    writeNew(chain, bundle(certificate.chain));
    const args = [
      ...['cms', '-sign', '-binary', '-md', 'sha512', '-in', file, '-outform', 'PEM'],
      ...['-signer', certificate.file, ...(certificate.chain.length > 0 ? ['-certfile', chain] : [])],
      ...['-inkey', key.argument, ...passin(key), ...(isPssKey ? ['-keyopt', 'rsa_pss_saltlen:digest'] : [])],
    ];
    await publishFile(output, async draft => {
      await runCommand(
        commandWithKey('openssl', [...args, '-out', draft], key, certificate.file),
        output,
        surroundings,
      );
      const refusal = await refusalBy(() => requireCms(file, draft, certificate.file, surroundings));
      if (refusal !== undefined)
        throw new StateError(
          `the signature of "${file}" does not verify with ${certificate.file}, and was thrown away: ${refusal}`,
        );
    });
  });
}

/** Whether the key of a certificate made the signature; said by node, which is not the program that made it. */
function isSignedBy(file: string, signature: Buffer, certificate: X509Certificate): boolean {
  if (!signsDigests(certificate)) return false;
  const { publicKey } = certificate;
  const isPss = /^rsa/.test(publicKey.asymmetricKeyType ?? '');
  const options = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return verify('sha512', readFileSync(file), isPss ? { key: publicKey, ...options } : publicKey, signature);
}

/** With the signer's own certificate as the anchor: only the signature is asked about. */
const requireCms = (file: string, cms: string, anchors: string, surroundings: Surroundings): Promise<void> =>
  runCommand(
    command('openssl', [
      ...['cms', '-verify', '-binary', '-inform', 'PEM', '-in', cms, '-content', file, '-out', '/dev/null'],
      ...['-CAfile', anchors, '-partial_chain', '-purpose', 'any'],
    ]),
    cms,
    surroundings,
  );

/** Why the device refuses a configuration; undefined: it takes it. `anchors` is a file of the directory. */
export async function refusalOfConfig(
  file: string,
  output: string | undefined,
  isCms: boolean,
  anchors: string,
  surroundings: Surroundings,
): Promise<string | undefined> {
  const files = filesOf(file, output);
  for (const needed of isCms ? [files.cms] : [files.signature, files.certificate]) {
    const absence = absenceOf(needed);
    if (absence !== undefined) return `"${needed}" ${absence}`;
  }
  if (isCms) return refusalBy(() => requireCms(file, files.cms, anchors, surroundings));
  const [own, ...chain] = parseCertificates(readFileSync(files.certificate, 'latin1')) ?? [];
  if (!own) return `"${files.certificate}" holds no certificate, or one that cannot be read`;
  if (!isSignedBy(file, readFileSync(files.signature), own))
    return `"${files.signature}" is no signature of it by the key of "${files.certificate}"`;
  return refusalBy(() => requirePath(own, chain, anchors, files.certificate, surroundings));
}

/** openssl gets the certificates that were read here: the path of another one would say nothing of the signature. */
const requirePath = (
  own: X509Certificate,
  chain: readonly X509Certificate[],
  anchors: string,
  given: string,
  surroundings: Surroundings,
): Promise<void> =>
  inTemporary(async folder => {
    const write = (name: string, certificates: readonly X509Certificate[]): string => {
      writeNew(join(folder, name), bundle(certificates));
      return join(folder, name);
    };
    const between = chain.length > 0 ? ['-untrusted', write('between.pem', chain)] : [];
    const args = ['verify', '-x509_strict', '-CAfile', anchors, ...between];
    return runCommand(command('openssl', [...args, write('own.pem', [own])]), given, surroundings);
  });

const bundle = (certificates: readonly X509Certificate[]): string =>
  certificates.map(({ raw }) => derToPem('CERTIFICATE', raw)).join('');

/** The last reason that openssl gives. */
async function refusalBy(ask: () => Promise<void>): Promise<string | undefined> {
  try {
    await ask();
    return undefined;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const reasons = error.stderr.matchAll(/(?:lookup|Verify error): ?(.*)$|:error:[0-9A-F]+:[^:]*:[^:]*:([^:\n]+)/gm);
    return [...reasons].map(([, a, b]) => a ?? b).at(-1) ?? error.stderr.trim().split('\n').at(-1);
  }
}
