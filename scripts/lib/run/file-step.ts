// The steps of a plan that need no tool: a file written from text, from other files, or from certificates.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPkiError, StateError } from '../errors.ts';
import { joinPem, pemToDer } from '../model/pem.ts';
import { type Command, isText, type Step, type UseToken } from '../plan/job.ts';
import { indexRow } from '../store/ca-database.ts';
import { firstCertificate, writeNew } from '../store/files.ts';
import { explainSystemError } from '../system-error.ts';

type FileStep = Exclude<Step, Command | UseToken>;

/** Runs a step that is not a command; `id` is the file that it makes. */
export function runFileStep(step: FileStep, id: string, folder: string): void {
  const mode = 'mode' in step ? step.mode : 0o644;
  try {
    writeNew(join(folder, id), contentOf(step, folder), mode);
  } catch (error) {
    const told = isPkiError(error) ? { message: error.message, hint: BROKEN } : explainSystemError(error);
    if (!told) throw error;
    throw new StateError(`job "${id}": ${told.message.replaceAll(`${folder}/`, '')}`, told.hint);
  }
}

const BROKEN =
  'the command that made it is broken, or its disk; nothing was published; trustme-pki doctor tries the tools';

function contentOf(step: FileStep, folder: string): string | Buffer {
  const path = (file: string) => join(folder, file);
  switch (step.kind) {
    case 'write':
      return step.text;
    case 'der':
      return pemToDer(firstCertificate(path(step.certificate)));
    case 'index':
      return step.certificates.map(file => indexRow(firstCertificate(path(file)))).join('');
    case 'copy':
      return step.first ? firstCertificate(step.source) : readFileSync(step.source);
    case 'concatenate':
      return concatenate(
        step.parts.map(({ file, first }) =>
          first ? firstCertificate(path(file)) : readFileSync(path(file)).toString('latin1'),
        ),
        isText(step),
      );
  }
}

const concatenate = (parts: readonly string[], isPem: boolean): Buffer =>
  Buffer.from(isPem ? joinPem(parts) : parts.join(''), 'latin1');
