// A small picture for the tests of what draws it: a root with a sub CA that has a leaf, and one UEFI key.
import type { Finding } from '../../scripts/lib/check/finding.ts';
import { groupRoots, type Picture, type PictureCertificate } from '../../scripts/lib/graph/picture.ts';

export const NOW = '2026-01-02T03:04:05.000Z';

export const certificateOf = (stem: string, more: Partial<PictureCertificate> = {}): PictureCertificate => ({
  stem,
  file: `${stem}.cert`,
  commonName: `Example ${stem}`,
  role: 'end-entity certificate',
  subject: [{ name: 'commonName', value: `Example ${stem}` }],
  issuer: 'Example root',
  isIssuerKnown: true,
  keyType: 'rsa:4096',
  notBefore: '2025-01-01T00:00:00.000Z',
  notAfter: '2030-01-01T00:00:00.000Z',
  state: 'valid',
  extensions: [{ name: 'basicConstraints', value: 'critical, CA:FALSE' }],
  serial: '0A',
  signature: 'sha256 RSA',
  sha256: 'AB:CD',
  files: [{ file: `${stem}.cert`, reader: 'a reader' }],
  variable: undefined,
  heldBy: [],
  issuedToRequests: 0,
  findings: [],
  issued: [],
  ...more,
});

export const warning: Finding = {
  severity: 'warning',
  code: 'w',
  file: 'leaf.key',
  message: 'is open',
  hint: 'close it',
};

export const pictureOf = (roots: readonly PictureCertificate[], findings: readonly Finding[] = []): Picture => ({
  schema: 1,
  source: 'directory',
  title: 'pki',
  now: NOW,
  groups: groupRoots(roots),
  findings,
});

const leaf = certificateOf('leaf', {
  findings: [warning],
  notAfter: '2026-01-12T00:00:00.000Z',
  state: 'expires soon',
});
const other = certificateOf('other', { heldBy: ['db'], issuedToRequests: 2 });
const sub = certificateOf('sub', { role: 'subordinate CA', issued: [leaf] });
const root = certificateOf('root', { role: 'root CA', issued: [sub, other] });
const key = certificateOf('DB', {
  role: 'UEFI key',
  commonName: 'DB',
  variable: { name: 'db', contains: ['DB', 'other'], authoriser: 'KEK' },
});

export const example = pictureOf(
  [key, root],
  [{ severity: 'error', code: 'e', file: 'x.cert', message: 'is torn', hint: '' }],
);

/** Text of a certificate that would like to act wherever it is shown. */
export const HOSTILE = '<script>alert(1)</script>"]\u001b[31m\u202e{{x}}`%%';

export const hostile = pictureOf([
  certificateOf('evil', {
    commonName: HOSTILE,
    issuer: HOSTILE,
    file: `${HOSTILE}.cert`,
    keyType: HOSTILE,
    subject: [{ name: HOSTILE, value: HOSTILE }],
    extensions: [{ name: HOSTILE, value: `critical, ${HOSTILE}` }],
    signature: HOSTILE,
    files: [{ file: HOSTILE, reader: undefined }],
    variable: { name: HOSTILE, contains: [HOSTILE], authoriser: HOSTILE },
    findings: [{ severity: 'error', code: 'x', file: HOSTILE, message: HOSTILE, hint: HOSTILE }],
  }),
]);
