// Object identifiers and their long names in openssl, as the ini files spell them.

/** Attribute types of names: X.520, RFC 4519, PKCS #9, EV guidelines. */
export const ATTRIBUTE_NAMES: Readonly<Record<string, string>> = {
  '0.9.2342.19200300.100.1.1': 'userId',
  '0.9.2342.19200300.100.1.25': 'domainComponent',
  '1.2.840.113549.1.9.1': 'emailAddress',
  '1.2.840.113549.1.9.2': 'unstructuredName',
  '1.3.6.1.4.1.311.60.2.1.1': 'jurisdictionLocalityName',
  '1.3.6.1.4.1.311.60.2.1.2': 'jurisdictionStateOrProvinceName',
  '1.3.6.1.4.1.311.60.2.1.3': 'jurisdictionCountryName',
  '2.5.4.3': 'commonName',
  '2.5.4.4': 'surname',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'countryName',
  '2.5.4.7': 'localityName',
  '2.5.4.8': 'stateOrProvinceName',
  '2.5.4.9': 'streetAddress',
  '2.5.4.10': 'organizationName',
  '2.5.4.11': 'organizationalUnitName',
  '2.5.4.12': 'title',
  '2.5.4.13': 'description',
  '2.5.4.15': 'businessCategory',
  '2.5.4.17': 'postalCode',
  '2.5.4.18': 'postOfficeBox',
  '2.5.4.19': 'physicalDeliveryOfficeName',
  '2.5.4.20': 'telephoneNumber',
  '2.5.4.41': 'name',
  '2.5.4.42': 'givenName',
  '2.5.4.43': 'initials',
  '2.5.4.44': 'generationQualifier',
  '2.5.4.46': 'dnQualifier',
  '2.5.4.51': 'houseIdentifier',
  '2.5.4.54': 'dmdName',
  '2.5.4.65': 'pseudonym',
  '2.5.4.72': 'role',
  '2.5.4.97': 'organizationIdentifier',
};

export const HASH_NAMES: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.5': 'sha512-224',
  '2.16.840.1.101.3.4.2.6': 'sha512-256',
  '2.16.840.1.101.3.4.2.7': 'sha3-224',
  '2.16.840.1.101.3.4.2.8': 'sha3-256',
  '2.16.840.1.101.3.4.2.9': 'sha3-384',
  '2.16.840.1.101.3.4.2.10': 'sha3-512',
};

/** RFC 3279, 2.3.1, and RFC 5480, 2.1.1: rsaEncryption, id-ecPublicKey. */
export const RSA_KEY = '1.2.840.113549.1.1.1';
export const EC_KEY = '1.2.840.10045.2.1';

export const RSASSA_PSS = '1.2.840.113549.1.1.10';

const SLH_DSA = ['sha2', 'shake'].flatMap(hash =>
  ['128s', '128f', '192s', '192f', '256s', '256f'].map(set => `${hash}-${set}`),
);

/** Algorithms of keys that sign and bring their own digest (RFC 8410, RFC 9881, RFC 9909), as node and openssl name them. */
export const OWN_DIGEST_NAMES: Readonly<Record<string, string>> = {
  '1.3.101.112': 'ed25519',
  '1.3.101.113': 'ed448',
  '2.16.840.1.101.3.4.3.17': 'ml-dsa-44',
  '2.16.840.1.101.3.4.3.18': 'ml-dsa-65',
  '2.16.840.1.101.3.4.3.19': 'ml-dsa-87',
  ...Object.fromEntries(SLH_DSA.map((set, i) => [`2.16.840.1.101.3.4.3.${20 + i}`, `slh-dsa-${set}`])),
};

/** Whether keys of a kind bring their own digest. */
export const isOwnDigestName = (kind: string | undefined): boolean =>
  Object.values(OWN_DIGEST_NAMES).includes(kind ?? '');

/** Digests that NIST numbered in a row for each kind of key (its Computer Security Objects Register, sigAlgs; RFC 9688). */
const inRow = (first: number, kind: string, digests: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(digests.map((digest, i) => [`2.16.840.1.101.3.4.3.${first + i}`, `${digest} ${kind}`]));
const SHA2 = ['sha224', 'sha256', 'sha384', 'sha512'];
const SHA3 = ['sha3-224', 'sha3-256', 'sha3-384', 'sha3-512'];

/** Signature algorithms without parameters (RFC 3279, RFC 4055, RFC 5758), and those that are named like their key. */
export const SIGNATURE_NAMES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'md2 RSA',
  '1.2.840.113549.1.1.3': 'md4 RSA',
  '1.2.840.113549.1.1.4': 'md5 RSA',
  '1.2.840.113549.1.1.5': 'sha1 RSA',
  '1.2.840.113549.1.1.11': 'sha256 RSA',
  '1.2.840.113549.1.1.12': 'sha384 RSA',
  '1.2.840.113549.1.1.13': 'sha512 RSA',
  '1.2.840.113549.1.1.14': 'sha224 RSA',
  '1.2.840.113549.1.1.15': 'sha512-224 RSA',
  '1.2.840.113549.1.1.16': 'sha512-256 RSA',
  '1.3.36.3.3.1.2': 'ripemd160 RSA',
  '1.2.840.10045.4.1': 'sha1 ECDSA',
  '1.2.840.10045.4.3.1': 'sha224 ECDSA',
  '1.2.840.10045.4.3.2': 'sha256 ECDSA',
  '1.2.840.10045.4.3.3': 'sha384 ECDSA',
  '1.2.840.10045.4.3.4': 'sha512 ECDSA',
  '1.2.840.10040.4.3': 'sha1 DSA',
  '1.2.156.10197.1.501': 'sm3 SM2',
  ...inRow(1, 'DSA', [...SHA2, ...SHA3]),
  ...inRow(9, 'ECDSA', SHA3),
  ...inRow(13, 'RSA', SHA3),
  ...OWN_DIGEST_NAMES,
};

/** Curves that requests come with (RFC 5480, RFC 5639), and the one of blockchains. */
export const CURVE_NAMES: Readonly<Record<string, string>> = {
  '1.2.840.10045.3.1.7': 'prime256v1',
  '1.3.132.0.10': 'secp256k1',
  '1.3.132.0.33': 'secp224r1',
  '1.3.132.0.34': 'secp384r1',
  '1.3.132.0.35': 'secp521r1',
  '1.3.36.3.3.2.8.1.1.7': 'brainpoolP256r1',
  '1.3.36.3.3.2.8.1.1.11': 'brainpoolP384r1',
  '1.3.36.3.3.2.8.1.1.13': 'brainpoolP512r1',
};
