import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  certificateBlocks,
  isEncryptedKey,
  joinPem,
  pemBlocks,
  pemToDer,
  privateKeyBlock,
} from '../../scripts/lib/model/pem.ts';

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

suite('an empty text has no blocks', () => {
  assert.equal(pemBlocks(''), []);
});

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  [
    'a block that does not end',
    '-----BEGIN CERTIFICATE-----\nAAAA\n',
    /^its line 1 begins a CERTIFICATE that does not/,
  ],
  [
    'a block that ends as another',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----\n',
    /^its line 3 is not the END line of the CERTIFICATE of line 1$/,
  ],
  [
    'a block in another',
    `-----BEGIN CERTIFICATE-----\nAAAA\n${block('CERTIFICATE', 'AAAA')}`,
    /^its line 3 is not the/,
  ],
  ['an END line with more', '-----BEGIN A-----\nAAAA\n-----END A-----x\n', /^its line 3 is not the END line/],
  ['a BEGIN line with more', '-----BEGIN A-----x\nAAAA\n-----END A-----\n', /^its line 1 .* is no BEGIN line$/],
  ['a BEGIN line behind a text', `\nx${block('A', 'AAAA')}`, /^its line 2 .* is no BEGIN line$/],
  [
    'lines that end as those of long ago',
    block('A', 'AAAA').replaceAll('\n', '\r'),
    /^its line 1 .* is no BEGIN line$/,
  ],
  ['no octets', block('A', ''), /^its line 1 begins a A that is not lines of base64$/],
  ['what is no base64', block('A', 'AA_A'), /is not lines of base64$/],
  ['base64 that is cut off', block('A', 'AAAAA'), /is not lines of base64$/],
  ['base64 that goes on', block('A', 'AA==\nAAAA'), /is not lines of base64$/],
  ['an empty line', block('A', 'AAAA\n \nAAAA'), /is not lines of base64$/],
  ['headers', block('CERTIFICATE', 'Proc-Type: 4,MIC-ONLY\n\nAAAA'), /is not lines of base64$/],
  ['a NUL', `\n\0\n${block('A', 'AAAA')}`, /^its line 2 has a NUL$/],
];
for (const [name, text, told] of REFUSED)
  suite(`${name} is refused`, () => {
    assert.throws(
      () => pemBlocks(text),
      (error: Error) => error instanceof RangeError && told.test(error.message),
    );
  });

suite("openssl's certificates with trust settings are refused, its old label is a certificate's", () => {
  assert.throws(() => certificateBlocks(block('TRUSTED CERTIFICATE', 'AAAA')), /^it has a TRUSTED CERTIFICATE/);
  assert.equal(certificateBlocks(block('X509 CERTIFICATE', 'AAAA')), [block('CERTIFICATE', 'AAAA')]);
});

suite('blanks may end a line, headers stand in keys, and a mark of the byte order before the first line', () => {
  const key = block('RSA PRIVATE KEY', 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA');
  const text = `\xef\xbb\xbf${key}${block('A', 'AAAA').replaceAll('\n', ' \t\r\n')}`;
  const found = pemBlocks(text);
  assert.equal(
    found.map(each => each.text),
    [key, block('A', 'AAAA')],
  );
  assert.equal(
    found.map(({ from, to }) => text.slice(from, to)),
    [key.trimEnd(), block('A', 'AAAA').replaceAll('\n', ' \t\r\n').trimEnd()],
  );
});

suite('the first private key of a file says whether that needs a passphrase, and no text around it or behind it', () => {
  const own = block('PRIVATE KEY', 'AAAA');
  const [encrypted, old] = [
    block('ENCRYPTED PRIVATE KEY', 'AAAA'),
    block('EC PRIVATE KEY', 'Proc-Type: 4,ENCRYPTED\n\nAAAA'),
  ];
  for (const text of [
    own,
    `ENCRYPTED copies are kept\n${own}`,
    own + encrypted,
    block('EC PARAMETERS', 'AAAA') + own + old,
  ])
    assert.equal([privateKeyBlock(text)?.text, isEncryptedKey(text)], [own, false]);
  for (const text of [encrypted, old, encrypted + own, old + own]) assert.ok(isEncryptedKey(text));
  for (const text of ['', 'PRIVATE KEY', block('CERTIFICATE', 'AAAA')])
    assert.equal([privateKeyBlock(text), isEncryptedKey(text)], [undefined, false]);
  const half = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n';
  assert.equal([privateKeyBlock(half), isEncryptedKey(half)], [undefined, true]);
});

suite('what takes its reader long is read in no time', () => {
  const begin = Date.now();
  const long = 2_500_000;
  for (const text of ['-----BEGIN A-----\n', '-----BEGIN A-----', ' ', '\n', '\n '])
    try {
      pemBlocks(`${text.repeat(long / text.length)}x\n${block('A', 'AAAA')}`);
    } catch (error) {
      assert.instance(error, RangeError);
    }
  assert.ok(Date.now() - begin < 3000);
});

suite('blocks in lines of 64 characters are what they are to who reads line by line, and large ones have room', () => {
  const lines = (count: number, last: string) => block('X509 CRL', `${`${'A'.repeat(64)}\n`.repeat(count)}${last}`);
  const texts = ['AAA=', 'A'.repeat(64), 'AA=='].flatMap(last => [lines(0, last), lines(2, last)]);
  const found = pemBlocks(texts.join(''));
  assert.equal(
    found.map(({ text }) => text),
    texts,
  );
  const behindText = pemBlocks(`x\n${texts.join('')}`);
  assert.equal(
    behindText.map(each => ({ ...each, from: each.from - 2, to: each.to - 2 })),
    found,
  );
  for (const last of ['A', 'AA=', `${'A'.repeat(64)}=`, `${'A'.repeat(64)}==`, 'A=AA'])
    assert.throws(() => pemBlocks(lines(2, last)), /is not lines of base64$/, last);
  assert.is(pemBlocks(lines(200_000, 'AAAA'))[0]?.text, lines(200_000, 'AAAA'));
});

suite('texts are joined with an end to each last line, and no byte more', () => {
  assert.is(joinPem(['a', 'b\n', '', 'c']), 'a\nb\nc\n');
  assert.is(joinPem(['a\n\n', '']), 'a\n\n');
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
