// Argument arrays of the openssl commands that a plan runs. Options: OpenSSL 3.0's man pages.
import { type Entity, hasOwnDigest, isPss, type KeyType } from '../model/types.ts';
import { type Command, command } from './job.ts';

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
  const { algorithm, options } = keyAlgorithm(entity.keyType, isPss(entity));
  const encryption = passphrase ? ['-aes-256-cbc', '-pass', `env:${passphrase}`] : [];
  return command(
    'openssl',
    ['genpkey', '-algorithm', algorithm, ...options, ...encryption, '-out', out],
    secret(passphrase),
  );
}

/** The key of a certificate: one that is there, or one that the same command makes, not encrypted. */
export type SubjectKey = { readonly existing: string } | { readonly made: string };

/** Who signs a certificate. */
export interface Signer {
  readonly entity: Entity;
  readonly certificate: string;
  readonly key: string;
}

interface CertificateOptions {
  readonly entity: Entity;
  readonly configuration: string;
  /** Upper-case hexadecimal. */
  readonly serial: string;
  readonly out: string;
  /** Variable with the passphrase of the keys that are read. */
  readonly passphrase: string | undefined;
}

const secret = (variable: string | undefined): string[] => (variable ? [variable] : []);
const passin = (variable: string | undefined): string[] => (variable ? ['-passin', `env:${variable}`] : []);

/** Issues a certificate with the extensions of the configuration's [certificate] section, in one process. */
export function issueCertificate(
  options: CertificateOptions & { key: SubjectKey; issuer: Signer | undefined },
): Command {
  const { entity, key, issuer, configuration, passphrase } = options;
  const args = [
    ...['req', '-new', '-x509', '-batch', '-config', configuration, '-extensions', 'certificate'],
    ...('existing' in key ? ['-key', key.existing] : newKey(entity.keyType, key.made)),
    ...(issuer ? ['-CA', issuer.certificate, '-CAkey', issuer.key] : []),
    ...passin(passphrase),
    ...signatureOptions(issuer?.entity ?? entity),
    ...certificateArguments(options),
  ];
  return command('openssl', args, secret(passphrase));
}

/** A request (PKCS#10, PEM) for the subject of the configuration. */
export function requestCertificate(
  entity: Entity,
  key: string,
  configuration: string,
  out: string,
  passphrase: string,
): Command {
  const args = [
    'req',
    '-new',
    '-batch',
    '-config',
    configuration,
    '-key',
    key,
    ...passin(passphrase),
    ...signatureOptions(entity),
    '-out',
    out,
  ];
  return command('openssl', args, [passphrase]);
}

/** Issues the certificate of a request that is our own. */
export function signRequest(options: CertificateOptions & { issuer: Signer; request: string }): Command {
  const { issuer, configuration, request, passphrase } = options;
  const args = [
    ...['x509', '-req', '-in', request, '-extfile', configuration, '-extensions', 'certificate'],
    ...['-CA', issuer.certificate, '-CAkey', issuer.key],
    ...passin(passphrase),
    ...signatureOptions(issuer.entity),
    ...certificateArguments(options),
  ];
  return command('openssl', args, secret(passphrase));
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

/** The digest, and for RSA-PSS a salt as long as it: what gpgsm and others insist on. */
export function signatureOptions(signer: Entity): string[] {
  const digest = hasOwnDigest(signer) ? [] : [`-${signer.digest}`];
  return isPss(signer) ? [...digest, '-sigopt', 'rsa_pss_saltlen:digest'] : digest;
}
