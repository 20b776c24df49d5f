// The values of the model: what one entity is. Words as in RFC 5280, X.520 and the UEFI specification, chapter 32.
import type { Facts } from './ini-text.ts';

/** What kind of key is made. `bits` is the modulus length; `curve` and `algorithm` are names that openssl knows. */
export type KeyType =
  | { readonly kind: 'rsa'; readonly bits: number }
  | { readonly kind: 'ec'; readonly curve: string }
  | { readonly kind: 'other'; readonly algorithm: string };

/** How an RSA key is typed in its certificate: rsaEncryption (RFC 3279) or rsassaPss (RFC 4055). */
export type Scheme = 'rsa' | 'rsa-pss';

/** One line of an extension section in openssl's syntax. */
export interface Extension {
  readonly name: string;
  readonly value: string;
}

/** A further section of an openssl configuration, which an extension line refers to. */
export interface ConfigurationSection {
  readonly name: string;
  readonly lines: readonly Extension[];
}

/** How long a certificate is valid: `days`, or until `notAfter`; from `notBefore`, or from when it is made. */
export interface Validity {
  readonly days: number | undefined;
  readonly notBefore: Date | undefined;
  readonly notAfter: Date | undefined;
  /** Where `days` end with the issuer: when, counted from the plan on. */
  readonly limit?: Date | undefined;
}

/** What goes into a certificate: its validity and its extensions, in the order in which they are written. */
export interface Profile extends Validity {
  readonly extensions: readonly Extension[];
  /** The same for an RSA key; keyEncipherment is only there (RFC 4055, RFC 8813 and RFC 8410 forbid it elsewhere). */
  readonly rsaExtensions: readonly Extension[];
  readonly sections: readonly ConfigurationSection[];
  /** CAs that may follow below a CA; undefined: any number. */
  readonly pathLength: number | undefined;
  readonly isCa: boolean;
  /** Extensions that are taken from a request. */
  readonly copy: readonly string[];
}

export type VariableName = 'PK' | 'KEK' | 'db' | 'dbx';

/** A UEFI variable that an entity's certificate fills, or dbx. */
export interface Variable {
  readonly name: VariableName;
  /** Stems of the entities whose certificates its list holds, in order. */
  readonly contains: readonly string[];
  /** Stem of the entity whose key signs the update. */
  readonly authoriser: string;
}

/** Files of a key and certificate that were made elsewhere: paths that hold in the current directory. */
export interface Supplied {
  readonly certificate: string;
  /** undefined: the key stays where it is, and this entity issues nothing here. */
  readonly key: string | undefined;
}

/** A private key in a PKCS #11 token: where it is, never what it is. Token and object are named by label, number or both. */
export interface TokenKey {
  readonly token: string | undefined;
  readonly serial: string | undefined;
  readonly object: string | undefined;
  /** Upper-case hexadecimal. */
  readonly id: string | undefined;
  /** Path or file name of the PKCS #11 module; undefined: what the environment says. */
  readonly module: string | undefined;
  /** Environment variable that holds the PIN. */
  readonly pinVariable: string;
}

/** A named key and certificate that we make; `stem` names its files. */
export interface Entity {
  readonly stem: string;
  /** Folder of its ini file: software-signing, customer, secure-boot. */
  readonly group: string;
  readonly file: string;
  /** Its effective facts by section, each with the file and line that it came from. */
  readonly facts: Facts;
  /** Stem of the issuer; its own when self-signed. */
  readonly issuer: string;
  readonly scheme: Scheme;
  readonly keyType: KeyType;
  readonly digest: string;
  /** Salt length of RSA-PSS signatures, as openssl's rsa_pss_saltlen takes it. */
  readonly pssSalt: string;
  /** Whether what it issues names it by its key alone, not by the serial number of its certificate, too. */
  readonly isNamedByKey: boolean;
  /** Length of its serial number in octets. */
  readonly serialOctets: number;
  /** Environment variables that may hold the key's passphrase, first one set wins; empty: the key is not encrypted. */
  readonly passphraseVariables: readonly string[];
  /** Stem of the entity whose key this certificate is for: its own, or in a cross-certificate another's. */
  readonly keyOf: string;
  /** Set where its key lies in a token; undefined: in a file. */
  readonly token: TokenKey | undefined;
  /** Whether an RSA key in a file is an rsaEncryption one whatever it signs, as that of a token would be. */
  readonly isPlainKey?: boolean;
  /** Set where its certificate is not made but taken from a file. */
  readonly supplied: Supplied | undefined;
  /** Stems whose certificates follow its own in its file. */
  readonly bundle: readonly string[];
  /** Whether the certificate's text precedes its PEM block. */
  readonly hasText: boolean;
  readonly subject: readonly Extension[];
  readonly isCa: boolean;
  readonly certificate: Profile;
  /** What a CA gives to requests from outside, by profile name; '' is the one that needs no name. */
  readonly issued: ReadonlyMap<string, Profile>;
  /** Whether a validity that outlives that of the issuer ends with it, instead of being refused. */
  readonly isClipped: boolean;
  /** Validity of its revocation lists. */
  readonly crlDays: number;
  readonly variable: Variable | undefined;
}

export const isSelfSigned = (entity: Entity): boolean => entity.issuer === entity.stem;

/** Whether its configuration names a certificate that was made elsewhere; others come later, by "import". */
export const isFromElsewhere = ({ facts }: Entity): boolean => facts.get('')?.has('certificate-file') ?? false;

/** Whether its private key lies in the PKI directory or a token: it can sign. */
export const hasKey = ({ supplied, token }: Entity): boolean =>
  supplied === undefined || supplied.key !== undefined || token !== undefined;

/** Whether it keeps a database of what it issued, from which its revocation lists are made. */
export const keepsDatabase = (entity: Entity): boolean =>
  hasKey(entity) && (entity.issued.size > 0 || isAuthority(entity));

/** A CA for what has an issuer in the configuration: keys of UEFI variables and cross-certificates are none. */
const isAuthority = ({ stem, keyOf, isCa, variable }: Entity): boolean =>
  isCa && variable === undefined && keyOf === stem;

/** Whether its signatures are RSA-PSS. */
export const isPss = (entity: Entity): boolean => entity.keyType.kind === 'rsa' && entity.scheme === 'rsa-pss';

/** Whether its public key is an rsassaPss one, too. That of a token is always an rsaEncryption one. */
export const hasPssKey = (entity: Entity): boolean => isPss(entity) && entity.token === undefined && !entity.isPlainKey;

/** Whether openssl must not be told a digest, because the algorithm brings its own (Ed25519, Ed448, ML-DSA). */
export const hasOwnDigest = ({ keyType }: Pick<Entity, 'keyType'>): boolean => keyType.kind === 'other';

/** A compiled template: values in, text out. */
export type Template = (values: Readonly<Record<string, unknown>>) => string;
