// Argument arrays of the openssl commands that a plan runs. Options: OpenSSL 3.0's man pages.
import { type Entity, hasOwnDigest, hasPssKey, isPss, type KeyType, type Validity } from '../model/types.ts';
import { validityOf } from '../model/validity.ts';
import { type Command, command, commandWithKey } from './job.ts';
import { type PrivateKey, passin } from './private-key.ts';

/** Names of algorithm and parameters, as genpkey -algorithm/-pkeyopt take them. */
export function keyAlgorithm(keyType: KeyType, isPssKey: boolean): { algorithm: string; options: string[] } {
  if (keyType.kind === 'rsa')
    return { algorithm: isPssKey ? 'RSA-PSS' : 'RSA', options: ['-pkeyopt', `rsa_keygen_bits:${keyType.bits}`] };
  if (keyType.kind === 'ec')
    // Named curves only: explicit parameters are refused by TLS stacks and by RFC 5480.
    return {
      algorithm: 'EC',
      options: ['-pkeyopt', `ec_paramgen_curve:${keyType.curve}`, '-pkeyopt', 'ec_param_enc:named_curve'],
    };
  return { algorithm: keyType.algorithm, options: [] };
}

/** Makes a private key (PKCS#8, PEM), encrypted with AES-256 where a passphrase variable is named. */
export function generateKey(entity: Entity, out: string, passphrase: string | undefined): Command {
  const { algorithm, options } = keyAlgorithm(entity.keyType, hasPssKey(entity));
  const encryption = passphrase ? ['-aes-256-cbc', '-pass', `env:${passphrase}`] : [];
  return command(
    'openssl',
    ['genpkey', '-algorithm', algorithm, ...options, ...encryption, '-out', out],
    passphrase ? [passphrase] : [],
  );
}

/** The key of a certificate: one that is there, or one that the same command makes, not encrypted. */
export type SubjectKey = { readonly existing: PrivateKey } | { readonly made: string };

/** Who signs a certificate. */
export interface Signer {
  readonly entity: Entity;
  readonly certificate: string;
  readonly key: PrivateKey;
}

interface CertificateOptions {
  readonly entity: Entity;
  readonly configuration: string;
  /** Upper-case hexadecimal. */
  readonly serial: string;
  readonly out: string;
}

/**
 * Issues a certificate with the extensions of the configuration's [certificate] section, in one process, which opens
 * all its keys with one passphrase.
 */
export function issueCertificate(
  options: CertificateOptions & { key: SubjectKey; issuer: Signer | undefined },
): Command {
  const { entity, key, issuer, configuration } = options;
  const own = 'existing' in key ? key.existing : undefined;
  const opened = {
    passphrase: issuer?.key.passphrase ?? own?.passphrase,
    token: issuer ? issuer.key.token : own?.token,
  };
  const args = [
    ...['req', '-new', '-x509', '-batch', '-config', configuration, '-extensions', 'certificate'],
    ...('existing' in key ? ['-key', key.existing.argument] : newKey(entity.keyType, key.made)),
    ...(issuer ? ['-CA', issuer.certificate, '-CAkey', issuer.key.argument] : []),
    ...passin(opened),
    ...signatureOptions(issuer?.entity ?? entity),
    ...certificateArguments(options),
  ];
  return commandWithKey('openssl', args, opened);
}

/** A request (PKCS#10, PEM) for the subject of the configuration, with the extensions of one of its sections. */
export function requestCertificate(
  entity: Entity,
  key: PrivateKey,
  configuration: string,
  out: string,
  extensions?: string,
): Command {
  const args = [
    'req',
    '-new',
    '-batch',
    '-config',
    configuration,
    ...(extensions === undefined ? [] : ['-reqexts', extensions]),
    '-key',
    key.argument,
    ...passin(key),
    ...signatureOptions(entity),
    '-out',
    out,
  ];
  return commandWithKey('openssl', args, key);
}

/** Issues the certificate of a request that is our own. */
export function signRequest(options: CertificateOptions & { issuer: Signer; request: string }): Command {
  const { issuer, configuration, request } = options;
  const args = [
    ...['x509', '-req', '-in', request, '-extfile', configuration, '-extensions', 'certificate'],
    ...['-CA', issuer.certificate, '-CAkey', issuer.key.argument],
    ...passin(issuer.key),
    ...signatureOptions(issuer.entity),
    ...certificateArguments(options),
  ];
  return commandWithKey('openssl', args, issuer.key);
}

/** Times of `openssl ca`: YYYYMMDDHHMMSSZ, from 1950 to 9999. */
export const caTime = (time: Date): string =>
  `${time
    .toISOString()
    .replace(/[^0-9]/g, '')
    .slice(0, 14)}Z`;

/** openssl counts days from now, whatever the beginning: beside one, the end has to be said. */
export const fixedTimes = (validity: Validity): { notBefore: Date | undefined; end: Date | undefined } => ({
  notBefore: validity.notBefore,
  end:
    validity.notBefore && validity.days
      ? validityOf(validity, validity.notBefore).notAfter
      : (validity.notAfter ?? validity.limit),
});

/** Whether it has times that `req` and `x509` do not know. */
export function isDated(validity: Validity): boolean {
  const { notBefore, end } = fixedTimes(validity);
  return Boolean(notBefore || end);
}

/**
 * Issues the certificate of a request with times of its own, which `req` and `x509` cannot before OpenSSL 3.4. The
 * serial number stands in the database that `database` configures.
 */
export function issueDated(
  options: CertificateOptions & { issuer: Signer | undefined; key: PrivateKey; request: string; database: string },
): Command {
  const { entity, issuer, configuration, request, database, out } = options;
  const key = issuer?.key ?? options.key;
  const { notBefore, end } = fixedTimes(entity.certificate);
  const signer = issuer
    ? ['-cert', issuer.certificate, '-keyfile', key.argument]
    : ['-selfsign', '-keyfile', key.argument];
  const args = [
    // `preserve = yes` in the configuration does not do this (OpenSSL 3.0).
    ...['ca', '-batch', '-preserveDN', '-config', database, '-extfile', configuration, '-extensions', 'certificate'],
    ...['-in', request, ...signer, ...passin(key), ...caSignatureOptions(issuer?.entity ?? entity)],
    ...(notBefore ? ['-startdate', caTime(notBefore)] : []),
    ...(end ? ['-enddate', caTime(end)] : []),
    ...(entity.hasText ? [] : ['-notext']),
    ...['-out', out],
  ];
  return commandWithKey('openssl', args, key);
}

/** The same options in the words of `ca`. */
function caSignatureOptions(signer: Entity): string[] {
  const [first = '', ...rest] = signatureOptions(signer);
  return ['-md', hasOwnDigest(signer) ? 'default' : first.slice(1), ...rest];
}

function certificateArguments({ entity, serial, out }: CertificateOptions): string[] {
  return [
    '-set_serial',
    `0x${serial}`,
    '-days',
    String(entity.certificate.days),
    ...(entity.hasText ? ['-text'] : []),
    '-out',
    out,
  ];
}

/** As genpkey would take it, in the words of req. */
function newKey(keyType: KeyType, out: string): string[] {
  const { algorithm, options } = keyAlgorithm(keyType, false);
  return ['-newkey', algorithm, ...options, '-noenc', '-keyout', out];
}

/** The digest, and for RSA-PSS the salt: as long as the digest unless told otherwise, as gpgsm and others insist. */
export function signatureOptions(signer: Entity): string[] {
  const digest = hasOwnDigest(signer) ? [] : [`-${signer.digest}`];
  return [...digest, ...pssOptions(signer)];
}

/** A key that is no rsassaPss one has to be told its padding, too; openssl wants that first. */
export function pssOptions(signer: Entity): string[] {
  if (!isPss(signer)) return [];
  const padding = hasPssKey(signer) ? [] : ['-sigopt', 'rsa_padding_mode:pss'];
  return [...padding, '-sigopt', `rsa_pss_saltlen:${signer.pssSalt}`];
}
