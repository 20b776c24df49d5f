// One entity into the jobs that make its key and certificate, its configuration, and its database where it is a CA.
import { type Entity, isSelfSigned, type Template } from '../model/types.ts';
import {
  certificateFile,
  configurationFile,
  databaseFolder,
  issuedFile,
  keyFile,
  requestFile,
} from '../store/names.ts';
import { type Job, job } from './job.ts';
import { generateKey, issueCertificate, requestCertificate, signRequest } from './openssl.ts';
import { renderConfiguration } from './render.ts';

/** What the jobs of an entity depend on besides the hierarchy. */
export interface IssuingInputs {
  readonly template: Template;
  /** Version of this program, for the head of rendered files. */
  readonly version: string;
  /** The variable that holds the passphrase of this entity's key; undefined: not encrypted. */
  readonly passphraseOf: (entity: Entity) => string | undefined;
  /** Random serial number of this entity's certificate, upper-case hexadecimal. */
  readonly serialOf: (stem: string) => string;
}

type Entities = ReadonlyMap<string, Entity>;

/** The file that openssl writes the certificate to: in the database of the issuer, where that keeps one. */
function issuedTo(entity: Entity, issuer: Entity, serial: string): string {
  return issuer.issued ? issuedFile(issuer.stem, serial) : certificateFile(entity);
}

/** The jobs that make `entity`; each job's needs are files. */
export function planEntity(entity: Entity, entities: Entities, inputs: IssuingInputs): Job[] {
  const issuer = entities.get(entity.issuer)!;
  const passphrase = inputs.passphraseOf(entity);
  const out = issuedTo(entity, issuer, inputs.serialOf(entity.stem));
  const configuration = renderConfiguration(inputs.template, entity, passphrase, inputs.version);
  const jobs = [
    job(configurationFile(entity.stem), [], { kind: 'write', text: configuration }),
    ...planCertificate(entity, issuer, out, inputs),
  ];
  if (out !== certificateFile(entity)) jobs.push(planBundle(entity, entities, out));
  return jobs;
}

/**
 * RSA keys take all the time there is and are made side by side, each by a job of its own. Others take milliseconds:
 * the command that issues their certificate makes them too, unless they are encrypted (req knows 3DES only).
 */
function isKeyMadeApart(entity: Entity, passphrase: string | undefined): boolean {
  return entity.keyType.kind === 'rsa' || passphrase !== undefined;
}

function planCertificate(entity: Entity, issuer: Entity, out: string, inputs: IssuingInputs): Job[] {
  const { stem } = entity;
  const key = keyFile(stem);
  const configuration = configurationFile(stem);
  const ownPassphrase = inputs.passphraseOf(entity);
  const passphrase = inputs.passphraseOf(issuer);
  const signer = isSelfSigned(entity)
    ? undefined
    : { entity: issuer, certificate: certificateFile(issuer), key: keyFile(issuer.stem) };
  const signerFiles = signer ? [signer.key, signer.certificate] : [];
  const options = { entity, issuer: signer, configuration, serial: inputs.serialOf(stem), out };
  if (!isKeyMadeApart(entity, ownPassphrase)) {
    const step = issueCertificate({ ...options, key: { made: key }, passphrase });
    return [job(out, [configuration, ...signerFiles], step, { makes: [out, key], makesKey: true })];
  }
  const keyJob = job(key, [], generateKey(entity, key, ownPassphrase), { makesKey: true });
  // One openssl command reads all its keys with one passphrase: two different ones need a request in between.
  if (signer && passphrase !== ownPassphrase && ownPassphrase !== undefined) {
    const request = requestFile(stem);
    return [
      keyJob,
      job(request, [configuration, key], requestCertificate(entity, key, configuration, request, ownPassphrase)),
      job(out, [request, ...signerFiles], signRequest({ ...options, issuer: signer, request, passphrase })),
    ];
  }
  const step = issueCertificate({ ...options, key: { existing: key }, passphrase: passphrase ?? ownPassphrase });
  return [keyJob, job(out, [configuration, key, ...signerFiles], step)];
}

/** The published `.cert`: the certificate, then the first certificate of each entity in its bundle. */
function planBundle(entity: Entity, entities: Entities, issued: string): Job {
  const chain = entity.bundle.map(stem => certificateFile(entities.get(stem)!));
  const parts = [{ file: issued }, ...chain.map(file => ({ file, first: true as const }))];
  return job(certificateFile(entity), [issued, ...chain], { kind: 'concatenate', parts, mode: 0o644 });
}

/** The database of a CA, with a row for each certificate of `subjects` that it issued. */
export function planDatabase(ca: Entity, subjects: readonly Entity[], serialOf: IssuingInputs['serialOf']): Job[] {
  const folder = databaseFolder(ca.stem);
  const issued = subjects
    .filter(({ issuer }) => issuer === ca.stem)
    .map(({ stem }) => issuedFile(ca.stem, serialOf(stem)));
  return [
    job(`${folder}/index.txt`, issued, { kind: 'index', certificates: issued }),
    // A renewed certificate has the subject of the old one.
    job(`${folder}/index.txt.attr`, [], { kind: 'write', text: 'unique_subject = no\n' }),
    job(`${folder}/crlnumber`, [], { kind: 'write', text: '01\n' }),
  ];
}
