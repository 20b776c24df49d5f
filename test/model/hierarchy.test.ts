import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { configErrorOf, readOwn } from '../helpers/shipped.ts';

const suite = makeSuite('hierarchy');

const entity = (top: string, isCa = true, rest = ''): string =>
  `${top}\n[subject]\ncommonName = x\n[certificate]\ndays = 1\nbasicConstraints = critical, CA:${isCa ? 'TRUE\nkeyUsage = keyCertSign' : 'FALSE'}\n${rest}`;

const problemsOf = (files: Record<string, string>): string[] =>
  configErrorOf(() => readOwn(files)).problems.map(
    ({ file, section, key, found, expected, nearest }) =>
      `${file} ${section}/${key} ${found}: ${expected}${nearest ? ` (${nearest})` : ''}`,
  );

suite('issuers come before what they issue, whatever the order of files', () => {
  const files = { 'a.ini': entity('issuer = b'), 'b.ini': entity('issuer = c'), 'c.ini': entity('') };
  assert.equal([...readOwn(files).hierarchy.keys()], ['c', 'b', 'a']);
});

suite('an unknown issuer is refused with the nearest name', () => {
  assert.equal(problemsOf({ 'root.ini': entity(''), 'a.ini': entity('issuer = rot') }), [
    'own/a.ini /issuer rot: the name of an entity (root)',
  ]);
});

suite('an issuer that is no CA is refused, and the message names its file', () => {
  assert.equal(problemsOf({ 'root.ini': entity('', false), 'a.ini': entity('issuer = root') }), [
    'own/a.ini /issuer root: a CA (its basicConstraints say CA:FALSE in own/root.ini)',
  ]);
});

suite('a cycle is refused in each of its files and in no other', () => {
  const files = {
    'a.ini': entity('issuer = b'),
    'b.ini': entity('issuer = a'),
    'under.ini': entity('issuer = a'),
    'root.ini': entity(''),
  };
  const expected = 'an issuer that is not certified by this entity itself';
  assert.equal(problemsOf(files), [`own/a.ini /issuer b: ${expected}`, `own/b.ini /issuer a: ${expected}`]);
});

suite('unknown names of a bundle and of a variable are refused', () => {
  const variable = '[variable]\nname = db\ncontains = root, nobody\nauthoriser = noone\n';
  assert.equal(
    problemsOf({ 'root.ini': entity('bundle = rood', true, variable) }).map(line => line.split(':')[0]),
    ['own/root.ini /bundle rood', 'own/root.ini variable/contains nobody', 'own/root.ini variable/authoriser noone'],
  );
});

suite('no entity is an empty hierarchy', () => {
  assert.is(readOwn({}).hierarchy.size, 0);
});

suite('a wrong bundle is told with the path that it should be', () => {
  const powers = 'days = 9\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\n';
  const ini = (name: string, top: string) => `${top}[subject]\ncommonName = ${name}\n[certificate]\n${powers}`;
  const expectedOf = (bundle: Readonly<Record<string, string>>) => {
    const top = (stem: string, issuer: string) => `${issuer}${bundle[stem] ? `bundle = ${bundle[stem]}\n` : ''}`;
    const files = {
      'r.ini': ini('Root', top('r', '')),
      'm.ini': ini('Middle', top('m', 'issuer = r\n')),
      'n.ini': ini('Near', top('n', 'issuer = m\n')),
    };
    return configErrorOf(() => readOwn(files)).problems.map(({ expected }) => expected);
  };
  assert.equal(expectedOf({ n: 'r' }), ['its issuers, nearest first: m r']);
  assert.equal(expectedOf({ m: 'n' }), ['its issuers, nearest first: r']);
  assert.equal(expectedOf({ r: 'r' }), ['none, since it is self-signed']);
});

suite.run();
