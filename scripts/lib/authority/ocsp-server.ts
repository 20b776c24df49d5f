// OCSP over HTTP (RFC 6960 appendix A) on the loopback interface, for tests and demonstrations: each request goes to
// `openssl ocsp`, which reads the index anew.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isInterrupted, isPkiError, StateError } from '../errors.ts';
import { decode } from '../store/der.ts';
import { systemReason } from '../system-error.ts';
import { answerRequest, type Responder } from './responder.ts';

const LOOPBACK = '127.0.0.1';
/** Octets of a request; those of clients have about a hundred. */
const LARGEST_REQUEST = 64 * 1024;
/** OCSPResponse with the status malformedRequest (1), internalError (2): RFC 6960 4.2.1. */
const [MALFORMED_REQUEST, INTERNAL_ERROR] = [1, 2].map(status => Buffer.from([0x30, 3, 0x0a, 1, status])) as [
  Buffer,
  Buffer,
];

/** Listens; `ready` gets the URL. Ends by the abort signal alone: of a signal with its exit code, else it throws the reason. */
export async function serve(
  responder: Responder,
  port: number,
  ready: (url: string) => void,
  note: (text: string) => void,
): Promise<number> {
  const { signal } = responder.surroundings.controller;
  const server = createServer((request, response) => {
    respond(responder, request, response, note).catch(() => response.destroy());
  });
  try {
    ready(`http://${LOOPBACK}:${await listen(server, port)}`);
    await new Promise<void>(resolve => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    if (!isInterrupted(signal.reason)) throw signal.reason;
    // Nothing was interrupted: there is no other way to end it.
    note(`trustme-pki: ended by ${signal.reason.signal}`);
    return signal.reason.exitCode;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new StateError(
          `cannot listen on ${LOOPBACK}:${port}: ${systemReason(error.code)}`,
          'give another --port, or 0 for a free one',
        ),
      ),
    );
    server.listen(port, LOOPBACK, () => resolve((server.address() as AddressInfo).port));
  });
}

async function respond(
  responder: Responder,
  request: IncomingMessage,
  response: ServerResponse,
  note: (text: string) => void,
): Promise<void> {
  const body = request.method === 'POST' ? await readBody(request) : bodyOfPath(request);
  if (!body) {
    response.writeHead(request.method === 'POST' ? 413 : 405, { allow: 'GET, POST' }).end();
    return;
  }
  const answer = await answerOrError(responder, body, note);
  response.writeHead(200, { 'content-type': 'application/ocsp-response', 'content-length': answer.length }).end(answer);
}

async function answerOrError(responder: Responder, body: Buffer, note: (text: string) => void): Promise<Buffer> {
  try {
    decode(body);
  } catch {
    return MALFORMED_REQUEST;
  }
  try {
    return await answerRequest(responder, body);
  } catch (error) {
    if (!isPkiError(error)) throw error;
    const isMalformed = /Error parsing OCSP request|Error reading OCSP request/.test(error.message);
    if (!isMalformed) note(`trustme-pki: ${error.message}`);
    return isMalformed ? MALFORMED_REQUEST : INTERNAL_ERROR;
  }
}

/** undefined: it is too large. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    size += (part as Buffer).length;
    if (size > LARGEST_REQUEST) return undefined;
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}

/** A GET has the request in base64, percent-encoded, behind the last slash that is no part of it. */
function bodyOfPath({ method, url = '' }: IncomingMessage): Buffer | undefined {
  if (method !== 'GET') return undefined;
  try {
    return Buffer.from(decodeURIComponent(url.slice(1)), 'base64');
  } catch {
    return Buffer.alloc(0);
  }
}
