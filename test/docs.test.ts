// Docs that cannot go stale unnoticed: links lead somewhere, every environment variable is in the table, every verb in a page.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readOptions } from '../scripts/lib/help/completion.ts';
import { VARIABLES } from '../scripts/lib/help/variables.ts';
import { ENTITY_SECTIONS, INHERITED_KEYS, SUBJECT_KEYS, TOP_KEYS } from '../scripts/lib/model/entity.ts';
import { CERTIFICATE_KEYS, ISSUED_KEYS } from '../scripts/lib/model/profile.ts';
import { TOKEN_KEYS } from '../scripts/lib/model/token.ts';
import { KEY_SECTIONS } from '../scripts/reference/keys.ts';
import { generatedDocs } from '../scripts/reference/write.ts';
import { listed, readHelps, VERBS } from '../scripts/verb-table.ts';
import { ROOT } from './helpers/door.ts';

const test = suite('docs');
const list = (folder: string): string[] =>
  (readdirSync(join(ROOT, folder), { recursive: true }) as string[]).map(file => join(folder, file));
const pages = [...readdirSync(ROOT), ...list('docs'), ...list('examples')].filter(file => file.endsWith('.md'));
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

test('relative links lead to files', () => {
  assert.ok(pages.length > 15);
  const broken = pages.flatMap(page =>
    [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target]) => target!)
      .filter(target => !target.includes('://') && !existsSync(join(ROOT, dirname(page), target)))
      .map(target => `${page}: ${target}`),
  );
  assert.equal(broken, []);
});

test('every environment variable of ours that the sources name is in the table', () => {
  const sources = [...list('scripts/lib'), ...list('scripts/verbs')].filter(file => file.endsWith('.ts'));
  const named = new Set(sources.flatMap(file => read(file).match(/\bTRUSTME_(?:PKI|PKCS11)_[A-Z0-9_]+\b/g) ?? []));
  const table = VARIABLES.map(([name]) => name).join();
  assert.ok(named.size > 4);
  assert.equal(
    [...named].filter(name => !table.includes(name)),
    [],
  );
});

test('every verb is told of in README or docs', () => {
  const text = pages.map(read).join('\n');
  const silent = listed()
    .map(([name]) => name)
    .filter(name => !text.includes(`trustme-pki ${name}`));
  assert.equal(silent, []);
});

test('the reference is what npm run docs makes', async () => {
  for (const [name, text] of Object.entries(await generatedDocs())) assert.fixture(read(`docs/${name}`), text, name);
});

test('every verb takes the options that its help names, and no others', async () => {
  const helps = await readHelps();
  const all = new Set(helps.flatMap(help => readOptions(help).map(({ name }) => name)));
  assert.ok(all.size > 50);
  // What "uefi" takes, its sub-verbs take.
  for (const help of helps.filter(({ name }) => name !== 'uefi')) {
    const [verb, ...words] = help.name.split(' ');
    const run = await VERBS[verb!]!.load();
    const isTaken = async (option: string): Promise<boolean> => {
      const controller = new AbortController();
      const context = {
        environment: {},
        stderr: process.stderr,
        controller,
        print: () => 0,
        isTerminal: false,
        helps: async () => [],
      };
      try {
        await run({ ...context, words: [...words, `${option}=value`, '--help'] });
        return true;
      } catch (error) {
        return !(error as Error).message.startsWith('unknown option');
      }
    };
    const taken = [];
    for (const option of all) if (await isTaken(option)) taken.push(option);
    const named = readOptions(help).map(({ name }) => name);
    assert.equal(taken.sort(), named.sort(), help.name);
  }
});

test('the reference has every key that the program knows, and no other', () => {
  const known: Record<keyof typeof KEY_SECTIONS, readonly string[]> = {
    inherited: ['brand', ...INHERITED_KEYS],
    entity: TOP_KEYS.filter(key => !INHERITED_KEYS.includes(key)),
    subject: SUBJECT_KEYS.names,
    urls: ['caIssuers', 'OCSP', 'crlDistributionPoints'],
    profiles: [...new Set([...CERTIFICATE_KEYS.names, ...ISSUED_KEYS.names])],
    variable: ENTITY_SECTIONS.variable!.names,
    key: TOKEN_KEYS.names,
  };
  for (const [name, keys] of Object.entries(known)) {
    const rows: readonly (readonly [readonly string[], ...unknown[]])[] =
      KEY_SECTIONS[name as keyof typeof KEY_SECTIONS].rows;
    const told = rows.flatMap(([each]) => each).filter(key => !key.startsWith('an OID'));
    assert.equal([...told].sort(), [...keys].sort(), name);
  }
});

test.run();
