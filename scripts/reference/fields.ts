// Fields that several outputs of `--json` have, and what fields are.

/** Type and meaning by path: `results[].serial`, with `?` where it may be missing, `{}` for a member of any name. */
export type Fields = Readonly<
  Record<string, readonly [type: 'string' | 'number' | 'boolean' | 'any', meaning: string]>
>;

/** `fields` of each member of the list at `path`. */
export const each = (path: string, fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [`${path}[].${name}`, field]));

export const SERIAL = ['string', 'serial number, hexadecimal'] as const;
export const TIME = ['string', 'when its validity ends, ISO 8601 in UTC'] as const;
const RENEWED: Fields = {
  ...each('renewed', {
    name: ['string', 'the entity'],
    issuer: ['string', 'the CA that signed it'],
    serial: SERIAL,
    notAfter: TIME,
    'retiredKey?': [
      'string',
      'where the key before lies now; missing where the key stayed, or the old one was not there',
    ],
  }),
  'files[]': ['string', 'files that changed, inside the directory'],
  'fieldUpdates[]': ['string', 'UEFI updates for devices in the field'],
};
export const RENEWAL: Fields = {
  ...RENEWED,
  'hindered[].name': ['string', 'what could not be renewed here'],
  'hindered[].reason': ['string', 'why'],
  'hindered[].hint': ['string', 'what to do'],
  'dependants[]': ['string', 'what depends on it and was not renewed'],
  'elsewhere.{}': ['number', 'valid certificates that renewed CAs gave to requests from outside, by CA'],
};
export const ENTRY: Fields = {
  type: ['string', 'signature type: X.509, SHA-256, …'],
  owner: ['string', 'GUID of whoever put it there'],
  sha256: ['string', 'of the entry, hexadecimal'],
  bytes: ['number', 'its length'],
  'subject?': ['string', 'of a certificate'],
  'keyType?': ['string', 'of a certificate'],
  'notAfter?': TIME,
  'revokedFrom?': [
    'string',
    "of a certificate's hash: from when it is revoked, ISO 8601 in UTC; missing: at all times",
  ],
};
export const VALUE: Fields = {
  section: ['string', 'section of the ini file; empty before the first one'],
  key: ['string', 'the key'],
  value: ['string', 'what holds'],
  file: ['string', 'where it stands'],
  line: ['number', 'its line; 0: said on the command line'],
  'overrode[]': ['any', 'weaker values: file, line, value'],
};

export const CHANGE: Fields = {
  variable: ['string', 'KEK, db or dbx'],
  ...each('added', ENTRY),
  ...each('removed', ENTRY),
  'files[]': ['string', 'files that changed, inside the directory'],
  'fieldUpdates[]': ['string', 'updates for devices in the field'],
  'warnings[]': ['string', 'what firmware may not take'],
};
export const IMPORTED: Fields = {
  sha256: ['string', 'of the certificate, in groups of four digits'],
  keySha256: ['string', 'of its public key, likewise'],
  differences: ['string', 'what is not as it was asked for'],
};
export const FINDING: Fields = {
  severity: ['string', 'error, warning, info'],
  code: ['string', 'kind of finding: docs/verify.md'],
  file: ['string', 'inside the directory; `.` is the directory'],
  message: ['string', 'what was found'],
  hint: ['string', 'what to do'],
};
export const CERTIFICATE: Fields = {
  stem: ['string', 'the entity; empty where it only stands in the chain of another one'],
  file: ['string', 'inside the directory'],
  commonName: ['string', 'of its subject'],
  role: ['string', 'root CA, subordinate CA, end-entity certificate, UEFI key'],
  'subject[].name': ['string', 'attribute of the subject'],
  'subject[].value': ['string', 'what it says'],
  issuer: ['string', 'common name of the issuer'],
  isIssuerKnown: ['boolean', "whether the issuer's certificate is here"],
  keyType: ['string', 'as of `--key-type`'],
  notBefore: ['string', 'when its validity begins, ISO 8601 in UTC'],
  notAfter: TIME,
  state: ['string', 'valid, expires soon, expired, not yet valid'],
  'extensions[].name': ['string', 'the extension, in the words of the ini files'],
  'extensions[].value': ['string', 'what it says'],
  'serial?': SERIAL,
  'signature?': ['string', 'algorithm of the signature; as serial and sha256, of a certificate that is made'],
  'sha256?': ['string', 'of the certificate, hexadecimal'],
  'files[].file': ['string', 'a file with it or its key, inside the directory'],
  'files[].reader?': ['string', 'who reads the file'],
  'variable?.name': ['string', 'the UEFI variable that it fills'],
  'variable?.contains[]': ['string', 'what the list holds: entities, else SHA-256'],
  'variable?.authoriser?': ['string', 'whose key signs its updates'],
  'heldBy[]': ['string', 'UEFI variables whose lists hold it'],
  issuedToRequests: ['number', 'how many further certificates it gave to requests from outside'],
  ...each('findings', FINDING),
  'issued[]': ['any', 'certificates that it issued, each as this one'],
};
