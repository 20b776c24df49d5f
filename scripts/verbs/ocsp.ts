// `trustme-pki ocsp CERT`, `ocsp --serve CA`: the status of certificates, as clients ask for it.
import { refuseFormer } from '../lib/authority/former-keys.ts';
import { serve } from '../lib/authority/ocsp-server.ts';
import { type OpenDirectory, openDirectory } from '../lib/authority/open.ts';
import { askStatus, openResponder, serverCommand } from '../lib/authority/responder.ts';
import { findTarget } from '../lib/authority/revoke.ts';
import { UsageError } from '../lib/errors.ts';
import { commandLine, quote } from '../lib/plan/shell.ts';
import { wholeSerial } from '../lib/store/database-rows.ts';
import { refuseOutput, writeOutput } from '../lib/store/output-file.ts';
import { type Given, parseWords, textOf } from '../options.ts';
import { DIRECTORY_HELP, DIRECTORY_OPTIONS, noteTo, readDays, readDirectoryOptions } from './directory.ts';
import type { VerbContext } from './verb.ts';

const { release: _, ...SHARED } = DIRECTORY_OPTIONS;
const OPTIONS = {
  ...SHARED,
  days: { type: 'string' },
  output: { type: 'string' },
  serve: { type: 'boolean' },
  command: { type: 'boolean' },
  port: { type: 'string' },
} as const;

/** As in the examples of openssl-ocsp(1). */
const USUAL_PORT = 2560;

const HELP = `usage: trustme-pki ocsp CERT [options]
       trustme-pki ocsp --serve CA [options]
       trustme-pki ocsp --command CA [options]

Says whether a certificate is good, by an answer (RFC 6960) that is signed and checked as a client checks it. CERT is a
file, a serial number, or a name in the directory. Exit 1 where it is revoked or unknown. The signer is a certificate for
OCSP that the same CA issued: ocsp_server for backend_subca, else one that is made by
  trustme-pki issue CA CA_ocsp --profile ocsp

  --output FILE      write the answer, too (DER: what TLS servers staple)
  --serve            answer over HTTP on 127.0.0.1, for tests and demonstrations, until it is interrupted
  --command          print the command line of a responder for others
  --port N           its port (default: ${USUAL_PORT}; 0: any that is free)
  --days N           until the next answer (default: 1)
${DIRECTORY_HELP}

example: trustme-pki ocsp backend --output backend.ocsp`;

export async function ocspVerb(context: VerbContext): Promise<number> {
  const { given, positionals } = parseWords('trustme-pki ocsp', context.words, OPTIONS);
  if (given.help) return context.print(HELP);
  const [word, extra] = positionals;
  const isForCa = given.serve === true || given.command === true;
  if (word === undefined || extra !== undefined)
    throw new UsageError(
      extra === undefined ? `${isForCa ? 'CA' : 'CERT'} is missing` : `unexpected "${extra}"`,
      `usage: trustme-pki ocsp ${isForCa ? '--serve CA' : 'CERT'}`,
    );
  const port = readPort(given);
  const days = readDays(given) ?? 1;
  const open = openDirectory(readDirectoryOptions(given, context.environment), false);
  if (!isForCa) return tellStatus(context, given, open, word, days);
  const responder = await openResponder(open, word, days, context.controller);
  if (given.command) {
    const line = `cd ${quote(open.directory.path)} && ${commandLine(serverCommand(responder, port))}`;
    if (!given.json) return context.print(line);
    return context.print(JSON.stringify({ schema: 1, ca: word, command: line, responder: responder.certificate.file }));
  }
  const ready = (url: string) =>
    given.json
      ? context.print(JSON.stringify({ schema: 1, ca: word, url, responder: responder.certificate.file }))
      : context.print(`${word}: ${url} (answers are signed by ${responder.certificate.file})`);
  return serve(responder, port, ready, noteTo(context, given));
}

async function tellStatus(
  context: VerbContext,
  given: Given,
  open: OpenDirectory,
  word: string,
  days: number,
): Promise<number> {
  const output = textOf(given, 'output');
  if (output !== undefined) refuseOutput(output, isAnswer);
  const { ca, serial } = findTarget(open, word);
  refuseFormer(open, ca, serial, word);
  const { answer, ...status } = await askStatus(await openResponder(open, ca, days, context.controller), serial);
  if (output !== undefined) writeOutput(output, answer, isAnswer);
  if (given.json) context.print(JSON.stringify({ schema: 1, given: word, ca, serial: wholeSerial(serial), ...status }));
  else if (!given.quiet) {
    const until = status.nextUpdate === undefined ? '' : `, until ${status.nextUpdate}`;
    const why = status.revoked === undefined ? '' : ` since ${status.revoked} (${status.reason})`;
    context.print(`${word}: ${status.status}${why} (${ca}, serial ${wholeSerial(serial)}${until})`);
  }
  return status.status === 'good' ? 0 : 1;
}

/** id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1 (RFC 6960 4.2.1), in DER. */
const isAnswer = (content: Buffer): boolean => content.subarray(0, 64).includes('2b0601050507300101', 0, 'hex');

function readPort(given: Given): number {
  const text = textOf(given, 'port');
  const port = text === undefined ? USUAL_PORT : /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65535) return port;
  throw new UsageError(`--port "${text}" is no port`, 'give a number from 0 to 65535');
}
