// Which files does no PKI have there?
import { basename } from 'node:path';
import { DBX } from '../model/uefi.ts';
import { isDraft } from '../store/draft.ts';
import { type Entry, EXPORTS_FOLDER } from '../store/inventory.ts';
import {
  CLEAR_PK,
  HIDDEN,
  ISSUE_LOCK,
  JOURNAL,
  MANIFEST,
  PROTOCOL,
  PROTOCOL_DIGEST,
  PROTOCOL_LOCK,
  REQUESTS,
} from '../store/names.ts';
import { type Finding, info, warning } from './finding.ts';
import type { Inspection } from './inspection.ts';

/** What may follow the stem of a certificate. */
const OF_CERTIFICATE = /\.(key|cert|crt|csr|esl|(append\.|update\.)?auth|cer|crl|crl\.der|p12|request\.txt)$/;
/** A list by a key that a CA had before: CA.SERIAL.crl. */
const OF_FORMER_KEY = /\.[0-9A-F]+\.crl(\.der)?$/;
/** What the scripts of old and openssl leave behind. */
const LEFTOVERS = /^(_.+\.esl|.+\.(csr|conf|cnf|srl|old|attr)|index(\..*)?|serial(\..*)?|crlnumber(\..*)?)$/;
const IN_DATABASE = /^((index\.txt(\.attr)?|crlnumber|serial)(\.old)?|lock|requests\.tsv)$/;
const ISSUED = /^issued\/[0-9A-F]+\.pem$/;
/** What the verbs that sign throw away in the end. */
const WORK = /^\.pki\/[^/]+\/work\.[A-Za-z0-9]{6}$/;
/** What others took the place of: `.pki/retired/STEM/SERIAL`. */
const RETIRED = /^retired\/[^/]+\/[0-9A-F]+\.(pem|key|auth)$/;

export function checkStrays({ entries, directory, settings }: Inspection): Finding[] {
  const ofCertificates = entries.flatMap(({ file }) => /^([^/]+)\.(?:cert|crt)$/.exec(file)?.[1] ?? []);
  // A key without a certificate is a finding of its own.
  const stems = new Set([...ofCertificates, ...directory.keys, ...settings.configuration.hierarchy.keys(), DBX]);
  return entries.filter(({ file, kind }) => file !== '.' && isPlain(kind)).flatMap(entry => describe(entry, stems));
}

/** All others are findings wherever they are. */
const isPlain = (kind: Entry['kind']): boolean => kind === 'file' || kind === 'folder';

function describe({ file, kind }: Entry, stems: ReadonlySet<string>): Finding[] {
  const isKnown = kind === 'folder' ? isKnownFolder(file, stems) : isKnownFile(file, stems);
  // What lies in an unknown folder is not looked at.
  if (isKnown || !isKnownFolder(parentOf(file), stems)) return [];
  if (kind === 'file' && LEFTOVERS.test(file))
    return [info('leftover', file, 'a script or openssl left it: nobody needs it')];
  if ((kind === 'folder' && WORK.test(file)) || (kind === 'file' && isDraft(basename(file))))
    return [info('leftover', file, 'a run that was killed, or one that is at work: the next one removes it')];
  const what = kind === 'folder' ? 'a folder' : 'a file';
  return [warning('stray-file', file, `${what} of this name does not belong there`, 'move it away')];
}

const parentOf = (file: string): string => (file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : '');

function isKnownFolder(folder: string, stems: ReadonlySet<string>): boolean {
  if (folder === REQUESTS || folder.startsWith(`${REQUESTS}/`))
    return folder === REQUESTS || stems.has(folder.slice(REQUESTS.length + 1));
  if (['', EXPORTS_FOLDER, HIDDEN].includes(folder)) return true;
  const [first, ca = '', issued = 'issued', ...rest] = folder.split('/');
  if (first === HIDDEN && ca === 'retired') return rest.length === 0;
  return first === HIDDEN && stems.has(ca) && issued === 'issued' && rest.length === 0;
}

function isKnownFile(file: string, stems: ReadonlySet<string>): boolean {
  const parent = parentOf(file);
  if (parent === '')
    return (
      file === CLEAR_PK ||
      [OF_CERTIFICATE, OF_FORMER_KEY].some(name => name.test(file) && stems.has(file.replace(name, '')))
    );
  if (parent === EXPORTS_FOLDER) return /^certs\/signing_key\.(pem|x509)$/.test(file);
  const name = file.slice(HIDDEN.length + 1);
  if (parent === HIDDEN)
    return (
      [MANIFEST, JOURNAL, PROTOCOL, PROTOCOL_DIGEST, PROTOCOL_LOCK, ISSUE_LOCK].includes(file) ||
      (/\.(cnf|csr|esl)$/.test(name) && stems.has(name.replace(/\.\w+$/, '')))
    );
  if (RETIRED.test(name) || /^requests\/(options\.json|[^/]+\/(key|request\.csr|certificate\.pem))$/.test(name))
    return true;
  const inFolder = name.slice(name.indexOf('/') + 1);
  return IN_DATABASE.test(inFolder) || ISSUED.test(inFolder);
}
