// Which certificates a text holds: those that openssl finds in it, or it is refused.
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { derToPem, pemToDer } from '../../scripts/lib/model/pem.ts';
import { certificateIn, parseCertificates } from '../../scripts/lib/store/certificate.ts';
import { describeCertificate } from '../../scripts/lib/store/certificate-facts.ts';
import { scratch, tool } from '../helpers/door.ts';

const suite = makeSuite('certificate');
const folder = scratch();
const NEW = ['req', '-x509', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];

function make(name: string, ...words: string[]): string {
  tool('openssl', [...NEW, '-keyout', `${name}.key`, '-subj', `/CN=${name}`, '-out', name, ...words], folder);
  return readFileSync(join(folder, name), 'latin1');
}

const [first, middle, last] = [make('first'), make('middle'), make('last')];
const der = pemToDer(middle);
const [BEGIN, END] = ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----'];
const behind = (line: string, more: string): string => middle.replace(line, line + more);
const inside = (more: string): string => middle.replace(/^((.*\n){4})/, `$1${more}\n`);
const trusted = tool('openssl', ['x509', '-in', 'middle', '-trustout', '-addreject', 'clientAuth'], folder);

/** What stands between two certificates, and whether the three are read or all is refused. */
const CASES: readonly (readonly [name: string, text: string, isRead: boolean])[] = [
  ['CRLF', middle.replaceAll('\n', '\r\n'), true],
  ['blanks behind BEGIN', behind(BEGIN, ' \t'), true],
  ['blanks behind END', behind(END, '  '), true],
  ['blanks at all ends', middle.replaceAll('\n', ' \n'), true],
  ['blanks in lines', middle.replaceAll('\nM', '\n M').replace('AA', 'A A'), true],
  ['lines of 7', derToPem('CERTIFICATE', der).replaceAll(/[^\n-]{64}/g, line => line.replace(/.{7}/g, '$&\n')), true],
  ['one line', `${BEGIN}\n${der.toString('base64')}\n${END}\n`, true],
  ['the old label', derToPem('X509 CERTIFICATE', der), true],
  ['text before', `Certificate:\n  a: b\n\n${middle}`, true],
  ['trust settings', trusted, false],
  ['trust settings that are not told', trusted.replaceAll('TRUSTED ', ''), false],
  ['two in a block', derToPem('CERTIFICATE', Buffer.concat([der, pemToDer(first)])), false],
  ['octets behind it', derToPem('CERTIFICATE', Buffer.concat([der, Buffer.from([0])])), false],
  ['a mark of the byte order', `\xef\xbb\xbf${middle}`, false],
  ['octets behind BEGIN', behind(BEGIN, '\xa0'), false],
  ['a control character behind BEGIN', behind(BEGIN, '\x01'), false],
  ['a blank before BEGIN', ` ${middle}`, false],
  ['text before BEGIN that fills a buffer', `${'x'.repeat(254)}${middle}`, false],
  ['no END', middle.replace(`${END}\n`, ''), false],
  ['another END', middle.replace(END, '-----END X509 CRL-----'), false],
  ['a blank before END', middle.replace(END, ` ${END}`), false],
  ['a block in it', middle.replace(`${END}\n`, middle), false],
  ['headers', behind(BEGIN, '\nA: b\n'), false],
  ['an empty line', inside(''), false],
  ['an empty line at the end', middle.replace(END, `\n${END}`), false],
  ['a hyphen, which ends base64', middle.replace(END, `-AAAA\n${END}`), false],
  ["URL's base64", middle.replace(/[+/]|A/, '_'), false],
  ['a NUL', `\0\n${middle}`, false],
  ['nothing', `${BEGIN}\n${END}\n`, false],
];

/** It complains of the other blocks. */
const readByOpenssl = (file: string): string[] => {
  const { stdout } = spawnSync('openssl', ['storeutl', '-certs', file], { cwd: folder, encoding: 'latin1' });
  return parseCertificates(stdout)!.map(({ subject }) => subject);
};

for (const [name, text, isRead] of CASES)
  suite(`${name}: what is read is what openssl reads`, () => {
    const whole = first + text + last;
    const found = parseCertificates(whole)?.map(({ subject }) => subject);
    assert.equal(found, isRead ? ['CN=first', 'CN=middle', 'CN=last'] : undefined);
    if (!isRead) return;
    writeFileSync(join(folder, 'whole'), whole, 'latin1');
    assert.equal(readByOpenssl('whole'), found);
  });

suite('blocks that openssl passes over are no certificates', () => {
  const others = ['certificate', 'X.509 CERTIFICATE', 'CMS', 'PKCS7', 'PRIVATE KEY', 'PKCS #7 SIGNED DATA', 'X509 CRL'];
  writeFileSync(join(folder, 'others'), [...others.map(label => derToPem(label, der)), last].join(''));
  const found = parseCertificates(readFileSync(join(folder, 'others'), 'latin1'))?.map(({ subject }) => subject);
  assert.equal(found, ['CN=last']);
  assert.equal(readByOpenssl('others'), found);
});

suite('a certificate in DER is not searched for one in PEM', () => {
  const hidden = Buffer.from(`\n${last}`);
  const value = Buffer.concat([Buffer.from([0x04, 0x82, hidden.length >> 8, hidden.length & 255]), hidden]);
  const outer = pemToDer(make('outer', '-addext', `1.2.3.4=DER:${value.toString('hex')}`));
  assert.is(new X509Certificate(outer).subject, 'CN=last', 'node does that');
  assert.is(certificateIn(outer)?.subject, 'CN=outer');
  assert.equal(describeCertificate(outer).subject, [{ name: 'commonName', value: 'outer' }]);
});

suite.run();
