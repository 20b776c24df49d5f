import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { certificateBlocks, pemBlocks, pemToDer } from '../../scripts/lib/model/pem.ts';

const suite = makeSuite('pem');

const block = (label: string, body: string): string => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

suite('text around blocks is passed over, and their order is kept', () => {
  const text = `Certificate:\n  Data\n${block('CERTIFICATE', 'AAAA')}noise\n${block('PRIVATE KEY', 'BBBB')}`;
  assert.equal(
    pemBlocks(text).map(({ label }) => label),
    ['CERTIFICATE', 'PRIVATE KEY'],
  );
  assert.is(pemBlocks(text)[0]?.text, block('CERTIFICATE', 'AAAA'));
});

suite('only certificates are certificate blocks', () => {
  const text = block('CERTIFICATE REQUEST', 'AAAA') + block('CERTIFICATE', 'BBBB') + block('PRIVATE KEY', 'CCCC');
  assert.equal(certificateBlocks(text), [block('CERTIFICATE', 'BBBB')]);
});

for (const [name, text] of [
  ['an empty text', ''],
  ['a block that does not end', '-----BEGIN CERTIFICATE-----\nAAAA\n'],
  ['a block that ends as another', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----\n'],
])
  suite(`${name} has no blocks`, () => {
    assert.equal(pemBlocks(text!), []);
  });

suite('a block is decoded to its DER, with CRLF too', () => {
  const der = Buffer.from(Array.from({ length: 200 }, (_, i) => i));
  const lines = der.toString('base64').match(/.{1,64}/g)!;
  const pem = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  assert.equal(pemToDer(pem), der);
  assert.equal(pemToDer(pem.replaceAll('\n', '\r\n')), der);
  assert.equal(certificateBlocks(pem), [pem]);
});

suite.run();
