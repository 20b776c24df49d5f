// Can the requests be read that wait for their certificates?
import { readContained } from '../store/contained-file.ts';
import type { Entry } from '../store/inventory.ts';
import { REQUESTS } from '../store/names.ts';
import { requestKey } from '../store/request-facts.ts';
import { mendRequest } from '../store/waiting-request.ts';
import { error, type Finding } from './finding.ts';
import type { Inspection } from './inspection.ts';

/** What is known of the public keys of requests. */
export interface WaitingKeys {
  /** A DER subjectPublicKeyInfo each, by stem. */
  readonly keys: ReadonlyMap<string, Buffer>;
  /** A finding for each that is damaged, by stem. */
  readonly damaged: ReadonlyMap<string, Finding>;
}

const REQUEST = new RegExp(`^${REQUESTS}/([^/]+)/request\\.csr$`);

export function waitingKeys(path: string, entries: readonly Entry[]): WaitingKeys {
  const keys = new Map<string, Buffer>();
  const damaged = new Map<string, Finding>();
  for (const { file } of entries) {
    const stem = REQUEST.exec(file)?.[1];
    if (stem === undefined) continue;
    try {
      keys.set(stem, requestKey(readContained(path, file)));
    } catch (failure) {
      damaged.set(stem, error('request-unreadable', file, (failure as Error).message, mendRequest(path, stem)));
    }
  }
  return { keys, damaged };
}

export const checkRequests = ({ waiting }: Inspection): Finding[] => [...waiting.damaged.values()];
