// Has a CA of the directory revoked who signed a configuration, or who issued the signer?
import type { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstRevoked } from '../authority/revoked.ts';
import { command } from '../plan/job.ts';
import { runCommand, type Surroundings } from '../run/exec.ts';
import { inTemporary } from '../run/temporary.ts';
import { parseCertificates } from '../store/certificate.ts';
import { resultsOfConfig } from './config.ts';

/** Why a configuration whose signature holds is refused all the same; undefined: it is not. */
export async function revocationOfConfig(
  file: string,
  output: string | undefined,
  isCms: boolean,
  surroundings: Surroundings,
): Promise<string | undefined> {
  const holder = resultsOfConfig(file, output, isCms).at(-1)!;
  const text = isCms ? await certificatesOf(holder, file, surroundings) : readFileSync(holder, 'latin1');
  const certificates = parseCertificates(text);
  if (!certificates) return `"${holder}" has a certificate that cannot be read`;
  const revoked = firstRevoked(surroundings.folder, certificates);
  return revoked && `"${holder}" has a certificate that is revoked (${revoked.reason}): ${nameOf(revoked.certificate)}`;
}

const nameOf = ({ subject }: X509Certificate): string => subject.replaceAll('\n', ', ');

/** Those in a CMS signature (PEM). */
const certificatesOf = (cms: string, file: string, surroundings: Surroundings): Promise<string> =>
  inTemporary(async folder => {
    const out = join(folder, 'certificates.pem');
    const from = ['cms', '-verify', '-binary', '-inform', 'PEM', '-in', cms, '-content', file, '-out', '/dev/null'];
    await runCommand(command('openssl', [...from, '-noverify', '-certsout', out]), cms, surroundings);
    return existsSync(out) ? readFileSync(out, 'latin1') : '';
  });
