// What the certificates of a PKI directory say.
import { type CertificateFacts, describeCertificate } from './certificate-facts.ts';
import { byStem, type PkiDirectory } from './directory.ts';

/** By stem. */
export type Facts = ReadonlyMap<string, CertificateFacts>;

export const factsIn = ({ certificates }: PkiDirectory): Facts =>
  new Map([...byStem(certificates)].map(([stem, { certificate }]) => [stem, describeCertificate(certificate.raw)]));
