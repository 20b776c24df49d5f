// Whatever stands in an ini file, readConfiguration makes a Configuration of it or throws a ConfigError.
import * as fc from 'fast-check';
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigError } from '../../scripts/lib/errors.ts';
import { readOwn, readShipped } from '../helpers/shipped.ts';

const suite = makeSuite('fuzz: ini texts');

const FILES = ['defaults.ini', 'customer/backend.ini', 'backend_subca.ini', 'secure-boot/PK.ini', 'more.ini'];

/** Pieces of which broken and sound lines are made. */
const PIECES = [
  ...['=', ' = ', '[', ']', '"', "'", ';', '#', '\\', '$', ',', '+', '-', '.', ' ', '\t', '\r', '\n', '\n', '\uFEFF'],
  ...['[subject]', '[certificate]', '[issued]', '[issued x]', '[variable]', '[urls x]', '[__proto__]', '[]', '[a.b]'],
  ...['commonName', 'order', 'organizationalUnitName-2', '1.2.3.4', 'days', 'notAfter', 'basicConstraints', 'keyUsage'],
  ...['issuer', 'key-of', 'key-file', 'certificate-file', 'bundle', 'remove', 'urls', 'key-type', 'outliving', 'brand'],
  ...[
    'critical, CA:TRUE',
    'CA:FALSE',
    'pathlen:0',
    'yes',
    'clip',
    'backend',
    'gen_rootca',
    'rsa:4096',
    'ec:',
    '{brand}',
  ],
  ...['__proto__', 'constructor', 'toString', 'true', 'null', '-1', '99999999999999999999', '2027-02-30', '2027-12-31'],
  ...['permitted;dirName:/C=DE', 'DER:0', 'ASN1:', 'DNS:', 'IP:::', 'URI:', 'CPS:', 'name', 'contains', 'authoriser'],
];
const nearlySound = fc
  .array(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...PIECES) }, fc.string({ unit: 'binary', maxLength: 6 })), {
    maxLength: 40,
  })
  .map(pieces => pieces.join(''));

/** Lines `key = value` with known keys in known sections, so that most get past the scan of lines. */
const lines = fc
  .array(
    fc.oneof(
      { weight: 1, arbitrary: fc.constantFrom('[subject]', '[certificate]', '[issued]', '[issued x]', '[variable]') },
      {
        weight: 5,
        arbitrary: fc
          .tuple(
            fc.constantFrom(...PIECES),
            fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'grapheme' })),
            fc.boolean(),
          )
          .map(([key, value, isQuoted]) => `${key} = ${isQuoted ? JSON.stringify(value) : value}`),
      },
    ),
    { maxLength: 25 },
  )
  .map(each => each.join('\n'));

const files = fc.dictionary(
  fc.constantFrom(...FILES),
  fc.oneof(nearlySound, lines, fc.string({ unit: 'binary', maxLength: 200 })),
  { maxKeys: 3 },
);

for (const [what, read] of [
  ['on top of the shipped configuration', readShipped],
  ['alone', readOwn],
] as const)
  suite(`any texts ${what} make a configuration or a ConfigError`, () => {
    fc.assert(
      fc.property(files, texts => {
        try {
          read(texts);
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          assert.ok(error.problems.length > 0);
          assert.not.match(error.message.replaceAll('\n', ''), /\p{Cc}/u);
          for (const problem of error.problems) assert.ok(problem.file !== '' && problem.expected !== '');
        }
      }),
      { numRuns: what === 'alone' ? 600 : 300 },
    );
  });

suite.run();
