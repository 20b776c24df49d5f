// Do the CA databases, their files of issued certificates and the published certificates tell the same?
import type { X509Certificate } from 'node:crypto';
import { certificateBlocks } from '../model/pem.ts';
import { parseCertificate } from '../store/certificate.ts';
import { readContained, refusalToRead } from '../store/contained-file.ts';
import { type DatabaseRow, parseIndex, serialOf, wholeSerial } from '../store/database-rows.ts';
import type { CertificateFile } from '../store/directory.ts';
import { crlFile, HIDDEN, issuedFolder } from '../store/names.ts';
import { mostBytesOf } from '../store/regular-file.ts';
import { hasIssued } from '../store/retired.ts';
import { forgottenBy, publishedList } from '../store/revocation-list.ts';
import { checkSettings, lostIndexes, malformed } from './database-files.ts';
import { error, type Finding, info, warning } from './finding.ts';
import type { Inspection } from './inspection.ts';
import { groupBy } from './paths.ts';
import { checkListed, checkRevoked, type Published, publishedIn } from './published.ts';

interface Database {
  /** Of the directory. */
  readonly path: string;
  readonly ca: CertificateFile;
  readonly index: string;
  readonly rows: ReadonlyMap<string, DatabaseRow>;
  /** Fields of lines that are no rows: what stands there is told by the line. */
  readonly broken: ReadonlySet<string>;
  /** Files in its folder of issued certificates by serial. */
  readonly issued: ReadonlyMap<string, string>;
}

interface ByIssuer {
  readonly files: ReadonlyMap<string, readonly CertificateFile[]>;
  /** With those of chains. */
  readonly all: ReadonlyMap<string, readonly Published[]>;
}

export function checkDatabases(inspection: Inspection): Finding[] {
  const indexes = inspection.entries.filter(
    ({ file, kind }) => kind === 'file' && /^\.pki\/[^/]+\/index\.txt$/.test(file),
  );
  const { certificates } = inspection.directory;
  const published = {
    files: groupBy(certificates, each => each.certificate.issuer),
    all: groupBy(publishedIn(certificates), each => each.certificate.issuer),
  };
  const found = indexes.flatMap(({ file, size }) => {
    const stem = file.slice(HIDDEN.length + 1, -'/index.txt'.length);
    // What is too large to be read is told as that: nothing says that it is damaged.
    const ofRows = size > mostBytesOf(file) ? [] : checkDatabase(stem, file, inspection, published);
    return [...checkSettings(stem, inspection), ...ofRows];
  });
  return [...found, ...lostIndexes(inspection), ...checkListed(published.all, inspection.directory.path)];
}

function checkDatabase(stem: string, index: string, inspection: Inspection, published: ByIssuer): Finding[] {
  const { directory, entries, now } = inspection;
  const refusal = refusalToRead(directory.path, index);
  if (refusal !== undefined) return [malformed(index, refusal)];
  const text = readContained(directory.path, index).toString('latin1');
  const { rows, malformed: lines } = parseIndex(text);
  const findings = [
    ...lines.map(({ line, reason }) => malformed(index, `line ${line}: ${reason}`)),
    ...(text !== '' && !text.endsWith('\n') ? [unterminated(index)] : []),
  ];
  const ca = directory.certificates.find(each => each.stem === stem);
  if (!ca) return findings;
  // Where the key is elsewhere, so is the newer database.
  const list = directory.keys.has(stem) ? publishedList(directory.path, ca) : undefined;
  const content = text.split('\n');
  const prefix = `${issuedFolder(stem)}/`;
  const files = entries.map(({ file }) => file).filter(file => file.startsWith(prefix) && file.endsWith('.pem'));
  const database: Database = {
    path: directory.path,
    ca,
    index,
    rows: new Map(rows.map(row => [row.serial, row])),
    broken: new Set(lines.flatMap(({ line }) => content[line - 1]!.split('\t').map(serialOf))),
    issued: new Map(files.map(file => [serialOf(file.slice(prefix.length, -'.pem'.length)), file])),
  };
  const isRevoked = (serial: string) => database.rows.get(serial)?.status === 'R';
  const compared = [...database.issued].map(([serial, file]) => ({
    serial,
    found: checkIssued(serial, file, database),
  }));
  // A row with another expiry than its certificate does not say that this expired.
  const told = new Set(compared.filter(({ found }) => found.length > 0).map(({ serial }) => serial));
  return [
    ...findings,
    ...(list ? forgottenBy(rows, list) : []).map(serial => forgotten(index, serial, crlFile(stem))),
    ...rows.flatMap(row => checkRow(row, database)),
    ...checkStale(
      index,
      rows.filter(({ serial, status, expiry }) => status === 'V' && expiry < now && !told.has(serial)),
    ),
    ...compared.flatMap(({ found }) => found),
    ...checkRevoked(published.all.get(ca.certificate.subject) ?? [], directory.path, ca, index, isRevoked),
    ...(published.files.get(ca.certificate.subject) ?? []).flatMap(each => checkPublished(each, database)),
  ];
}

const unterminated = (index: string): Finding =>
  error(
    'database-malformed',
    index,
    'its last row has no end of line: openssl passes over it',
    'add the end of line, or have the next command that writes do so',
  );

const forgotten = (index: string, serial: string, list: string): Finding =>
  error(
    'revocation-lost',
    index,
    `it does not know that serial number ${wholeSerial(serial)} is revoked, as "${list}" says`,
    `restore it from a backup; where that was done on purpose, move "${list}" away`,
  );

const checkRow = ({ line, serial }: DatabaseRow, { index, issued }: Database): Finding[] =>
  issued.has(serial)
    ? []
    : [warning('issued-missing', index, `line ${line}: there is no issued/ file of serial number ${serial}`)];

function checkStale(index: string, [first, ...others]: readonly DatabaseRow[]): Finding[] {
  if (!first) return [];
  const message =
    others.length === 0
      ? `line ${first.line}: it expired and still counts as valid`
      : `${others.length + 1} rows expired and still count as valid, the first one in line ${first.line}`;
  return [info('row-stale', index, message, 'openssl ca -updatedb')];
}

/** A copy of what was issued is as its name says, and has a row. */
function checkIssued(serial: string, file: string, database: Database): Finding[] {
  const certificate = readIssued(database.path, file);
  if (!certificate) return [error('issued-mismatch', file, 'it holds no certificate', 'restore it from a backup')];
  // A CA that changed its key has the certificates of the old one too, so that its name has to do.
  const isNamed = certificate.issuer === database.ca.certificate.subject;
  if (serialOf(certificate.serialNumber) !== serial || !isNamed)
    return [
      error('issued-mismatch', file, `"${database.ca.file}" did not issue it under this serial number`, 'move it away'),
    ];
  return compareRow(file, certificate, database);
}

function readIssued(root: string, file: string): X509Certificate | undefined {
  try {
    const [block] = certificateBlocks(readContained(root, file).toString('latin1'));
    return block === undefined ? undefined : parseCertificate(block);
  } catch {
    return undefined;
  }
}

function compareRow(file: string, certificate: X509Certificate, { index, rows, broken, ca }: Database): Finding[] {
  const serial = serialOf(certificate.serialNumber);
  const row = rows.get(serial);
  if (!row) {
    // Not every way of making a root puts it into its own database.
    return certificate.fingerprint256 === ca.certificate.fingerprint256 || broken.has(serial)
      ? []
      : [
          error(
            'row-missing',
            file,
            `"${index}" has no row of it: it cannot be revoked`,
            `start the run again that signed it, or add the row to "${index}"`,
          ),
        ];
  }
  return row.expiry.getTime() === new Date(certificate.validTo).getTime()
    ? []
    : [error('row-mismatch', file, `line ${row.line} of "${index}" has another expiry`, 'correct the row')];
}

function checkPublished({ file, certificate }: CertificateFile, database: Database): Finding[] {
  const { path, ca, issued } = database;
  return issued.has(serialOf(certificate.serialNumber)) || !hasIssued(path, ca, certificate)
    ? []
    : compareRow(file, certificate, database);
}
