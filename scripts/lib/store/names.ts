// How the files of a PKI directory are called: one stem an entity. All paths are relative to the directory.
import type { Entity } from '../model/types.ts';
import { wholeSerial } from './database-rows.ts';

/** Our one hidden folder. */
export const HIDDEN = '.pki';

export const keyFile = (stem: string): string => `${stem}.key`;

/** The file with the key of a certificate: another entity's in a cross-certificate. */
export const keyFileOf = ({ keyOf }: Entity): string => keyFile(keyOf);

/** The published certificate: `.crt` for keys of UEFI variables, `.cert` (with its chain) for all others. */
export const certificateFile = (entity: Entity): string => `${entity.stem}.${entity.variable ? 'crt' : 'cert'}`;

export const listFile = (stem: string): string => `${stem}.esl`;
export const updateFile = (stem: string): string => `${stem}.auth`;

/** What brings a renewed certificate to machines in the field: adds it to db and KEK, replaces PK. */
export const fieldUpdateFile = (stem: string, isAppended: boolean): string =>
  `${stem}.${isAppended ? 'append' : 'update'}.auth`;
/** Empties PK, so that the platform is in set-up mode again. */
export const CLEAR_PK = 'noPK.auth';
export const isFieldUpdate = (file: string): boolean => /\.(append|update)\.auth$/.test(file);

export const configurationFile = (stem: string): string => `${HIDDEN}/${stem}.cnf`;

/** A request of our own, where one is needed on the way to a certificate. */
export const requestFile = (stem: string): string => `${HIDDEN}/${stem}.csr`;

/** A CA's database: `index.txt`, `crlnumber` and the folder `issued` as `openssl ca` keeps them. */
export const databaseFolder = (stem: string): string => `${HIDDEN}/${stem}`;

/** The number of the next list of a CA, hexadecimal. */
export const numberFile = (stem: string): string => `${databaseFolder(stem)}/crlnumber`;

/** Files that only come after the index of a CA's database; a list may be from where the key is. */
export const databaseTraces = (stem: string, isKeyHere: boolean): readonly string[] => [
  ...['requests.tsv', 'index.txt.attr'].map(name => `${databaseFolder(stem)}/${name}`),
  ...(isKeyHere ? [crlFile(stem)] : []),
];

/** A CA's revocation list in PEM; DER is beside it. `former` is the serial number of a certificate whose key signed it. */
export const crlFile = (stem: string, former?: string): string =>
  former === undefined ? `${stem}.crl` : `${stem}.${former}.crl`;

/** Every certificate that a CA issued, by serial. */
export const issuedFolder = (ca: string): string => `${databaseFolder(ca)}/issued`;

/** The one certificate with this serial: upper-case hex, with or without the leading zero that `openssl ca` names it with. */
export const issuedFile = (ca: string, serial: string): string => `${issuedFolder(ca)}/${wholeSerial(serial)}.pem`;

export const RETIRED = `${HIDDEN}/retired`;

/** Certificates and keys that others took the place of, by stem and serial, and the update that brought such a PK to machines. */
export const retiredFile = (stem: string, serial: string, extension: 'pem' | 'key' | 'auth'): string =>
  `${RETIRED}/${stem}/${serial}.${extension}`;

export const REQUESTS = `${HIDDEN}/requests`;

/** What waits for a certificate that is made elsewhere. */
export const pendingFile = (stem: string, name: 'key' | 'request.csr' | 'certificate.pem'): string =>
  `${REQUESTS}/${stem}/${name}`;

/** The request and what it asks for in words, for the way to the other machine. */
export const requestOutputs = (stem: string): [request: string, description: string] => [
  `${stem}.csr`,
  `${stem}.request.txt`,
];

/** What a new PKI is to be, while its certificates are made elsewhere. */
export const REQUEST_OPTIONS = `${REQUESTS}/options.json`;

/** Who did what in a ceremony, signed. */
export const PROTOCOL = `${HIDDEN}/protocol.txt`;
/** Its digest after the last step, as sha256sum -c reads it: steps that are cut off leave the rest whole. */
export const PROTOCOL_DIGEST = `${HIDDEN}/protocol.sha256`;
export const PROTOCOL_LOCK = `${HIDDEN}/protocol.lock`;

/** Held by `issue` from the look at what is there to the key and certificate in their place, whichever CA signs. */
export const ISSUE_LOCK = `${HIDDEN}/issue.lock`;

/** What is needed on the way and not published. */
export const SCRATCH = `${HIDDEN}/scratch`;
export const isScratch = (path: string): boolean => path === SCRATCH || path.startsWith(`${SCRATCH}/`);

export const MANIFEST = `${HIDDEN}/manifest.json`;
/** Written while a second phase moves its files in; its presence means that the next run must finish that. */
export const JOURNAL = `${HIDDEN}/journal.json`;
/** Marks a staging directory as ours. */
export const STAGING_MARK = `${HIDDEN}/staging`;

/** The lock that old and new scripts share. */
export const lockFile = (outDir: string): string => `${outDir}.genlock`;

/** Staging directories are siblings of OUT_DIR, so that one rename publishes them. */
export const stagingPrefix = (outDir: string): string => `${outDir}.staging.`;
