// Work of linking grows with the number of certificates, not with its square.
import type { X509Certificate } from 'node:crypto';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Known, linkCertificates } from '../../scripts/lib/graph/link.ts';

const suite = makeSuite('link');

/** A stand-in for a certificate whose signature is that of `signer`; counts how often it is verified. */
function makeKnown(name: string, issuer: string, signer: string, count: () => void): Known {
  const verify = (key: unknown) => {
    count();
    return key === signer;
  };
  const certificate = { verify, publicKey: name } as unknown as X509Certificate;
  const nameOf = (value: string) => [{ name: 'commonName', value }];
  return {
    certificate,
    facts: {
      subject: nameOf(name),
      issuer: nameOf(issuer),
      serial: '01',
      notBefore: new Date(0),
      notAfter: new Date(0),
      keyType: 'ed25519',
      isPssKey: false,
      signature: 'ed25519',
      extensions: new Map(),
      sha256: '',
    },
  };
}

suite('each certificate is verified with a few keys alone, however many there are', () => {
  let calls = 0;
  const count = () => {
    calls++;
  };
  const root = makeKnown('root', 'root', 'root', count);
  const leaves = Array.from({ length: 20_000 }, () => makeKnown('device', 'root', 'root', count));
  const stray = Array.from({ length: 2_000 }, () => makeKnown('twin', 'twin', 'nobody', count));
  const [first, ...others] = linkCertificates([...leaves, root, ...stray]);
  assert.is(first?.known, root);
  assert.is(first?.issued.length, leaves.length);
  assert.is(others.length, stray.length);
  assert.ok(calls < 3 * leaves.length + 25 * stray.length, `${calls} verifications`);
});

suite('a name alone makes nobody an issuer: the signature must be right', () => {
  const count = () => {};
  const [root, forged] = [makeKnown('root', 'root', 'root', count), makeKnown('leaf', 'root', 'other', count)];
  assert.equal(
    linkCertificates([root, forged]).map(({ known, issued }) => [known, issued.length]),
    [
      [root, 0],
      [forged, 0],
    ],
  );
});

suite.run();
