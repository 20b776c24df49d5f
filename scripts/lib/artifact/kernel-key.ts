// Can the kernel, its module loader and IMA, use the key of a certificate?
import type { X509Certificate } from 'node:crypto';
import { refusalOfKernel, warningOfKernel } from '../model/kernel.ts';
import { describeCertificate } from '../store/certificate-facts.ts';

/** Why no kernel can; undefined: some can. */
export function refusalOfKernelKey({ raw }: X509Certificate): string | undefined {
  const { keyType, isPssKey } = describeCertificate(raw);
  const reason = refusalOfKernel(keyType, isPssKey);
  return reason && `the kernel cannot use the ${isPssKey ? 'RSA-PSS' : keyType} key of the certificate: ${reason}`;
}

/** Names the certificate and which kernels cannot; undefined: all can. */
export function warningForKernel({ raw, subject }: X509Certificate): string | undefined {
  const warning = warningOfKernel(describeCertificate(raw).keyType);
  return warning && `${subject.replaceAll('\n', ', ')}: not every kernel can use its key: ${warning}`;
}
