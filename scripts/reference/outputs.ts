// What `--json` prints, by verb: the schemas of docs/output-schemas.json. A test holds real outputs against them.

/** Type and meaning by path: `results[].serial`, with `?` where it may be missing, `{}` for a member of any name. */
export type Fields = Readonly<
  Record<string, readonly [type: 'string' | 'number' | 'boolean' | 'any', meaning: string]>
>;

const SERIAL = ['string', 'serial number, hexadecimal'] as const;
const TIME = ['string', 'when its validity ends, ISO 8601 in UTC'] as const;
const RENEWAL: Fields = {
  'renewed[].name': ['string', 'the entity'],
  'renewed[].issuer': ['string', 'the CA that signed it'],
  'renewed[].serial': SERIAL,
  'renewed[].notAfter': TIME,
  'renewed[].retiredKey?': ['string', 'where the key before lies now; missing where the key stayed'],
  'files[]': ['string', 'files that changed, inside the directory'],
  'fieldUpdates[]': ['string', 'UEFI updates for devices in the field'],
  'hindered[].name': ['string', 'what could not be renewed here'],
  'hindered[].reason': ['string', 'why'],
  'hindered[].hint': ['string', 'what to do'],
  'dependants[]': ['string', 'what depends on it and was not renewed'],
  'elsewhere.{}': ['number', 'valid certificates that renewed CAs gave to requests from outside, by CA'],
};
const ENTRY: Fields = {
  type: ['string', 'signature type: X.509, SHA-256, …'],
  owner: ['string', 'GUID of whoever put it there'],
  sha256: ['string', 'of the entry, hexadecimal'],
  bytes: ['number', 'its length'],
  'subject?': ['string', 'of a certificate'],
  'keyType?': ['string', 'of a certificate'],
  'notAfter?': TIME,
};
const entries = (path: string): Fields =>
  Object.fromEntries(Object.entries(ENTRY).map(([name, field]) => [`${path}[].${name}`, field]));

const VALUE: Fields = {
  section: ['string', 'section of the ini file; empty before the first one'],
  key: ['string', 'the key'],
  value: ['string', 'what holds'],
  file: ['string', 'where it stands'],
  line: ['number', 'its line; 0: said on the command line'],
  'overrode[]': ['any', 'weaker values: file, line, value'],
};
const values = (path: string): Fields =>
  Object.fromEntries(Object.entries(VALUE).map(([name, field]) => [`${path}[].${name}`, field]));

export const OUTPUTS = {
  generate: {
    state: ['string', 'generated, platform-keys-added, already-generated, exports-only'],
    directory: ['string', 'absolute path'],
    'added[]': ['string', 'files that were added to a directory that was there'],
    'anchors[].file': ['string', 'a trust anchor'],
    'anchors[].subject': ['string', 'its common name'],
    'anchors[].sha256': ['string', 'its fingerprint, pairs separated by colons'],
    'leftOut.{}': ['string', 'what its reader takes in the place of an export that is not there, by file'],
    'developmentPassphrases[]': ['string', 'variables whose development value encrypted keys'],
  },
  plan: {
    'notes[]': ['string', 'what is no mistake but worth a word'],
    'folders[]': ['string', 'made before all jobs'],
    'jobs[].id': ['string', 'name of the job'],
    'jobs[].needs[]': ['string', 'jobs that come before it'],
    'jobs[].makes[]': ['string', 'files that it makes'],
    'jobs[].makesKey': ['boolean', 'whether one of them is a private key'],
    'jobs[].step': ['any', 'what is done: `kind`, and tool and args, or text'],
    'jobs[].shell': ['string', 'the same for a shell'],
  },
  show: { ...values('defaults'), ...values('entities.{}') },
  'show ENTITY': { entity: ['string', 'its name'], ...values('values') },
  list: {
    ca: ['string', 'the CA'],
    'issued[].serial': SERIAL,
    'issued[].subject': ['string', 'as openssl writes it in index.txt'],
    'issued[].notAfter': TIME,
    'issued[].status': ['string', 'valid, revoked, expired'],
    'issued[].request?': ['string', 'SHA-256 of the request, hexadecimal'],
    'issued[].key?': ['string', 'SHA-256 of the public key, hexadecimal'],
    'issued[].reason?': ['string', 'of the revocation'],
    'issued[].revoked?': ['string', 'when, ISO 8601 in UTC'],
  },
  'sign-csr': {
    ca: ['string', 'the CA'],
    'results[].given': ['string', 'the request, as given'],
    'results[].result': ['string', 'signed, already signed, refused'],
    'results[].serial?': SERIAL,
    'results[].output?': ['string', 'file of the certificate'],
    'results[].reason?': ['string', 'why it was refused'],
  },
  issue: {
    ca: ['string', 'the CA'],
    serial: SERIAL,
    'files[]': ['string', 'absolute paths'],
  },
  revoke: {
    'certificates[].given': ['string', 'as given'],
    'certificates[].ca': ['string', 'the CA'],
    'certificates[].serial': SERIAL,
    'certificates[].result': ['string', 'revoked, held, released, reason changed, already revoked'],
    'certificates[].reason?': ['string', 'the reason that stands now'],
  },
  crl: {
    'lists[].ca': ['string', 'the CA'],
    'lists[].files[]': ['string', 'PEM, DER: absolute paths'],
    'lists[].number': ['string', 'CRL number, hexadecimal'],
    'lists[].former?': ['string', 'serial number of the certificate of an old key, where that signed the list'],
  },
  ocsp: {
    given: ['string', 'as given'],
    ca: ['string', 'the CA'],
    serial: SERIAL,
    status: ['string', 'good, revoked, unknown'],
    'thisUpdate?': ['string', 'as openssl writes it'],
    'nextUpdate?': ['string', 'as openssl writes it'],
    'revoked?': ['string', 'when'],
    'reason?': ['string', 'of the revocation'],
  },
  'ocsp --command': {
    ca: ['string', 'the CA'],
    command: ['string', 'the command line of a responder, for a shell'],
    responder: ['string', 'file of the certificate that signs the answers'],
  },
  renew: RENEWAL,
  rekey: RENEWAL,
  verify: {
    directory: ['string', 'absolute path'],
    sound: ['boolean', 'whether there is neither an error nor a warning'],
    'findings[].severity': ['string', 'error, warning, info'],
    'findings[].code': ['string', 'kind of finding: docs/verify.md'],
    'findings[].file': ['string', 'inside the directory; `.` is the directory'],
    'findings[].message': ['string', 'what was found'],
    'findings[].hint': ['string', 'what to do'],
  },
  doctor: {
    able: ['boolean', 'whether everything that is asked for can be done'],
    'diagnoses[].subject': ['string', 'tool, module or key'],
    'diagnoses[].state': ['string', 'ok, missing, …'],
    'diagnoses[].detail?': ['string', 'version, or what is wrong'],
    'diagnoses[].neededFor?': ['string', 'what needs it'],
    'diagnoses[].hint?': ['string', 'what to do'],
  },
  'export anchors': { format: ['string', 'as given'], 'files[]': ['string', 'absolute paths'] },
  'export anchors --format hash': {
    'anchors[].name': ['string', 'the root CA'],
    'anchors[].sha256': ['string', 'of the certificate, hexadecimal'],
    'anchors[].pin': ['string', 'of the key, for `curl --pinnedpubkey`'],
  },
  sign: { 'signer[]': ['string', 'entities whose keys signed'], 'files[]': ['string', 'what was written'] },
  check: {
    taken: ['boolean', 'whether all are good'],
    'results[].file': ['string', 'as given'],
    'results[].refusal?': ['string', 'why it is not'],
  },
  'uefi add': {
    variable: ['string', 'KEK, db or dbx'],
    ...entries('added'),
    ...entries('removed'),
    'files[]': ['string', 'files that changed, inside the directory'],
    'fieldUpdates[]': ['string', 'updates for devices in the field'],
    'warnings[]': ['string', 'what firmware may not take'],
  },
  'uefi rotate': RENEWAL,
  'uefi show': {
    'files[].file': ['string', 'as given'],
    'files[].kind': ['string', 'signature-list, variable-update'],
    'files[].bytes': ['number', 'its length'],
    'files[].update?': ['any', '`time`, `variable`, `isAppended`, `signers` of an update'],
    ...entries('files[].entries'),
    'files[].warnings[]': ['string', 'what firmware may not take'],
  },
  'uefi kit': { folder: ['string', 'absolute path'], 'files[]': ['string', 'inside the folder'] },
  'init-conf': { folder: ['string', 'absolute path'], 'files[]': ['string', 'inside the folder'] },
  request: {
    'requests[].name': ['string', 'the entity'],
    'requests[].request': ['string', 'file of the request'],
    'requests[].description': ['string', 'file that says what is asked for'],
    'requests[].sha256': ['string', 'of the request, in groups of four digits'],
    'requests[].keySha256': ['string', 'of its public key, likewise'],
  },
} as const satisfies Readonly<Record<string, Fields>>;
