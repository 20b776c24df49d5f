// The values of the model: what one entity is. Words as in RFC 5280, X.520 and the UEFI specification, chapter 32.

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

/** What goes into a certificate: its life in days and its extensions, in the order in which they are written. */
export interface Profile {
  readonly days: number;
  readonly extensions: readonly Extension[];
  /** keyUsage of an RSA key; keyEncipherment is only there (RFC 4055, RFC 8813 and RFC 8410 forbid it elsewhere). */
  readonly rsaExtensions: readonly Extension[];
  /** Extensions that are taken from a request. */
  readonly copy: readonly string[];
}

/** A UEFI variable that an entity's certificate fills. */
export interface Variable {
  readonly name: 'PK' | 'KEK' | 'db';
  /** Stems of the entities whose certificates its list holds, in order. */
  readonly contains: readonly string[];
  /** Stem of the entity whose key signs the update. */
  readonly authoriser: string;
}

/** A named key and certificate that we make; `stem` names its files. */
export interface Entity {
  readonly stem: string;
  /** Folder of its ini file: software-signing, customer, secure-boot. */
  readonly group: string;
  readonly file: string;
  /** Where its references to other entities stand: issuer, bundle, contains, authoriser. */
  readonly references: ReadonlyMap<string, { readonly file: string; readonly line: number }>;
  /** Stem of the issuer; its own when self-signed. */
  readonly issuer: string;
  readonly scheme: Scheme;
  readonly keyType: KeyType;
  readonly digest: string;
  /** Environment variables that may hold the key's passphrase, first one set wins; empty: the key is not encrypted. */
  readonly passphraseVariables: readonly string[];
  /** Stems whose certificates follow its own in its file. */
  readonly bundle: readonly string[];
  /** Whether the certificate's text precedes its PEM block. */
  readonly hasText: boolean;
  readonly subject: readonly Extension[];
  readonly isCa: boolean;
  readonly certificate: Profile;
  /** What a CA gives to requests from outside; an entity that has it keeps a database. */
  readonly issued: Profile | undefined;
  /** Validity of its revocation lists. */
  readonly crlDays: number;
  readonly variable: Variable | undefined;
}

export const isSelfSigned = (entity: Entity): boolean => entity.issuer === entity.stem;

/** Whether its public key is an rsassaPss one, so that its signatures are RSA-PSS. */
export const isPss = (entity: Entity): boolean => entity.keyType.kind === 'rsa' && entity.scheme === 'rsa-pss';

/** Whether openssl must not be told a digest, because the algorithm brings its own (Ed25519, Ed448, ML-DSA). */
export const hasOwnDigest = (entity: Entity): boolean => entity.keyType.kind === 'other';

/** A compiled template: values in, text out. */
export type Template = (values: Readonly<Record<string, unknown>>) => string;
