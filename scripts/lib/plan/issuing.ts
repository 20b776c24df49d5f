// One entity into the jobs that make its key and certificate, its configuration, and its database where it is a CA.
import type { TokenRoad } from '../model/token.ts';
import { type Entity, isSelfSigned, keepsDatabase, type Template, type TokenKey } from '../model/types.ts';
import {
  certificateFile,
  configurationFile,
  databaseFolder,
  issuedFile,
  keyFile,
  requestFile,
  SCRATCH,
} from '../store/names.ts';
import { type Job, job } from './job.ts';
import { generateKey, isDated, issueCertificate, issueDated, requestCertificate, signRequest } from './openssl.ts';
import { type PrivateKey, privateKey } from './private-key.ts';
import { renderConfiguration } from './render.ts';

/** What the jobs of an entity depend on besides the hierarchy. */
export interface IssuingInputs {
  /** The template of an entity's configuration. */
  readonly templateOf: (stem: string) => Template;
  /** Version of this program, for the head of rendered files. */
  readonly version: string;
  /** The variable that holds the passphrase of this entity's key; undefined: not encrypted. */
  readonly passphraseOf: (entity: Entity) => string | undefined;
  /** Random serial number of this entity's certificate, upper-case hexadecimal. */
  readonly serialOf: (stem: string) => string;
  /** Stems whose key is there already, and is used. */
  readonly keysAtHand?: ReadonlySet<string>;
  /** How openssl reaches keys in tokens. */
  readonly tokenRoad: TokenRoad;
  /** Whether a key that its token lacks is made there. */
  readonly mayGenerateInTokens?: boolean;
}

/** The key of a certificate, as commands take it. */
export const keyOf = (entity: Entity, { passphraseOf, tokenRoad }: KeyInputs): PrivateKey =>
  privateKey(entity.keyOf, entity.token, passphraseOf(entity), tokenRoad);
export type KeyInputs = Pick<IssuingInputs, 'passphraseOf' | 'tokenRoad'>;

type Entities = ReadonlyMap<string, Entity>;

/** Where the certificate alone is written to: into the database of the issuer, where that keeps one. */
function issuedTo(entity: Entity, issuer: Entity, serial: string): string {
  if (keepsDatabase(issuer)) return issuedFile(issuer.stem, serial);
  return entity.bundle.length > 0 ? `${SCRATCH}/${entity.stem}/certificate.pem` : certificateFile(entity);
}

/** The jobs that make `entity`; each job's needs are files. */
export function planEntity(entity: Entity, entities: Entities, inputs: IssuingInputs): Job[] {
  const issuer = entities.get(entity.issuer)!;
  const out = issuedTo(entity, issuer, inputs.serialOf(entity.stem));
  const key = keyOf(entity, inputs);
  const configuration = renderConfiguration(inputs.templateOf(entity.stem), entity, key, inputs.version);
  const jobs = [
    job(configurationFile(entity.stem), [], { kind: 'write', text: configuration }),
    ...(entity.supplied ? planSupplied(entity, out, inputs) : planCertificate(entity, issuer, out, inputs)),
  ];
  if (out !== certificateFile(entity)) jobs.push(planBundle(entity, entities, out));
  return jobs;
}

/** A certificate that was made elsewhere, and its key where it is here. */
function planSupplied(entity: Entity, out: string, inputs: IssuingInputs): Job[] {
  const { stem, supplied, token } = entity;
  const { certificate, key } = supplied!;
  const jobs = [job(out, [], { kind: 'copy', source: certificate, first: true, mode: 0o644 })];
  if (token) return [...jobs, planTokenKey(entity, token, inputs)];
  return key ? [...jobs, job(keyFile(stem), [], { kind: 'copy', source: key, first: false, mode: 0o600 })] : jobs;
}

/**
 * RSA keys take all the time there is and are made side by side, each by a job of its own. Others take milliseconds:
 * the command that issues their certificate makes them too, unless they are encrypted (req knows 3DES only).
 */
function isKeyMadeApart(entity: Entity, { passphrase, token }: PrivateKey): boolean {
  return (
    entity.keyType.kind === 'rsa' || passphrase !== undefined || token !== undefined || isDated(entity.certificate)
  );
}

/** A key in a token. Others are made by commands; this takes some looking first. */
function planTokenKey({ stem, keyType }: Entity, key: TokenKey, inputs: IssuingInputs): Job {
  const { tokenRoad: road, mayGenerateInTokens: mayGenerate = false } = inputs;
  return job(keyFile(stem), [], { kind: 'token', key, keyType, label: stem, mayGenerate, road }, { makesKey: true });
}

/** Makes or finds the key of an entity. */
export function planKey(entity: Entity, key: PrivateKey, inputs: IssuingInputs): Job {
  if (key.token) return planTokenKey(entity, key.token, inputs);
  return job(key.file, [], generateKey(entity, key.file, key.passphrase), { makesKey: true });
}

function planCertificate(entity: Entity, issuer: Entity, out: string, inputs: IssuingInputs): Job[] {
  const { stem } = entity;
  const key = keyOf(entity, inputs);
  const configuration = configurationFile(stem);
  const signer = isSelfSigned(entity)
    ? undefined
    : { entity: issuer, certificate: certificateFile(issuer), key: keyOf(issuer, inputs) };
  const options = { entity, issuer: signer, configuration, serial: inputs.serialOf(stem), out };
  const signerFiles = signer ? [signer.key.file, signer.certificate] : [];
  const isOwnKey = entity.keyOf === stem && !inputs.keysAtHand?.has(stem);
  if (isOwnKey && !isKeyMadeApart(entity, key) && !signer?.key.token) {
    const step = issueCertificate({ ...options, key: { made: key.file } });
    return [job(out, [configuration, ...signerFiles], step, { makes: [out, key.file], makesKey: true })];
  }
  const keyJobs = isOwnKey ? [planKey(entity, key, inputs)] : [];
  if (isDated(entity.certificate)) return [...keyJobs, ...planDated(options, key, signerFiles)];
  if (signer && !areOpenedTogether(key, signer.key)) {
    const request = requestFile(stem);
    return [
      ...keyJobs,
      job(request, [configuration, key.file], requestCertificate(entity, key, configuration, request)),
      job(out, [request, ...signerFiles], signRequest({ ...options, issuer: signer, request })),
    ];
  }
  const step = issueCertificate({ ...options, key: { existing: key } });
  return [...keyJobs, job(out, [configuration, key.file, ...signerFiles], step)];
}

/** One openssl command reads all its keys with one passphrase: two different ones need a request in between. */
const areOpenedTogether = (own: PrivateKey, issuers: PrivateKey): boolean =>
  !own.token && !issuers.token && (own.passphrase === undefined || own.passphrase === issuers.passphrase);

type Options = Parameters<typeof issueCertificate>[0];

/** A certificate with times of its own: `openssl ca` on a database that is thrown away. */
function planDated(options: Omit<Options, 'key'>, key: PrivateKey, signerFiles: readonly string[]): Job[] {
  const { entity, configuration, serial, out } = options;
  const folder = `${SCRATCH}/${entity.stem}`;
  const [request, database, index, number] = ['request.csr', 'ca.cnf', 'index.txt', 'serial'].map(
    name => `${folder}/${name}`,
  ) as [string, string, string, string];
  const step = issueDated({ ...options, key, request, database });
  return [
    job(request, [configuration, key.file], requestCertificate(entity, key, configuration, request)),
    job(database, [], { kind: 'write', text: onceConfiguration(folder) }),
    job(index, [], { kind: 'write', text: '' }),
    job(number, [], { kind: 'write', text: `${serial}\n` }),
    job(out, [request, database, index, number, ...signerFiles], step),
  ];
}

/** The database of one certificate; its subject is taken from the request as it is. */
const onceConfiguration = (folder: string): string => `[ca]
default_ca = once

[once]
database = ${folder}/index.txt
serial = ${folder}/serial
new_certs_dir = ${folder}
unique_subject = no
policy = any

[any]
commonName = optional
`;

/** The published `.cert`: the certificate, then the first certificate of each entity in its bundle. */
function planBundle(entity: Entity, entities: Entities, issued: string): Job {
  const chain = entity.bundle.map(stem => certificateFile(entities.get(stem)!));
  const parts = [{ file: issued }, ...chain.map(file => ({ file, first: true as const }))];
  return job(certificateFile(entity), [issued, ...chain], { kind: 'concatenate', parts, mode: 0o644 });
}

/** The database of a CA, with a row for each certificate of `subjects`, which it issued. */
export function planDatabase(ca: Entity, subjects: readonly Entity[], serialOf: IssuingInputs['serialOf']): Job[] {
  const folder = databaseFolder(ca.stem);
  const issued = subjects.map(({ stem }) => issuedFile(ca.stem, serialOf(stem)));
  return [
    job(`${folder}/index.txt`, issued, { kind: 'index', certificates: issued }),
    // A renewed certificate has the subject of the old one.
    job(`${folder}/index.txt.attr`, [], { kind: 'write', text: 'unique_subject = no\n' }),
    job(`${folder}/crlnumber`, [], { kind: 'write', text: '01\n' }),
  ];
}
