// What is made again with a new certificate: the variables that hold it, those after them, updates for the field.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import type { VariableName } from '../../scripts/lib/model/types.ts';
import type { Plan } from '../../scripts/lib/plan/plan.ts';
import {
  freshFile,
  isBelow,
  othersFile,
  planRenewal,
  type RenewalInputs,
  variablesOf,
} from '../../scripts/lib/plan/renewal.ts';
import { DERIVED_EXPORTS } from '../../scripts/lib/store/exports.ts';
import { idsOf, jobOf, lineOf } from '../helpers/jobs.ts';
import { entityOf, NOW, readShipped, serialOf, templateOf } from '../helpers/shipped.ts';
import { tokenKey } from '../helpers/token-key.ts';

const suite = makeSuite('renewal');

const configuration = readShipped();
const { hierarchy } = configuration;
const NAMES: readonly VariableName[] = ['PK', 'KEK', 'db', 'dbx'];

/** Inputs of a directory that has all variables but dbx; PK's time is NOW, each next one's a minute later. */
const inputsFor = (wanted: readonly string[], extra: Partial<RenewalInputs> = {}): RenewalInputs => ({
  hierarchy,
  wanted: new Set(wanted),
  templateOf,
  version: '0.0.0',
  tokenRoad: 'engine',
  passphraseOf: ({ passphraseVariables }) => passphraseVariables[0],
  serialOf,
  ownerOf: stem => `owner-of-${stem}`,
  timeOf: name => new Date(NOW.getTime() + 60_000 * NAMES.indexOf(name)),
  exports: DERIVED_EXPORTS,
  hasVariable: stem => stem !== 'DBX',
  touched: new Set(),
  freshOf: () => undefined,
  clearsPlatformKey: false,
  formerTokenOf: () => undefined,
  keysAtHand: new Set(wanted),
  ...extra,
});
const planOf = (wanted: readonly string[], extra?: Partial<RenewalInputs>): Plan =>
  planRenewal(inputsFor(wanted, extra));
const stemsOf = (inputs: RenewalInputs): string[] => variablesOf(inputs).map(({ stem }) => stem);
const updates = (plan: Plan): string[] => idsOf(plan).filter(id => id.endsWith('.auth'));

const CHANGED: readonly (readonly [string, RenewalInputs, readonly string[]])[] = [
  ['an entity in no variable', inputsFor(['backend']), []],
  ['what db holds', inputsFor(['ssig_subca']), ['DB']],
  ['KEK, which authorises db', inputsFor(['KEK']), ['KEK', 'DB']],
  ['PK, before which nothing comes', inputsFor(['PK']), ['PK', 'KEK', 'DB']],
  ['dbx, where there is one', inputsFor(['KEK'], { hasVariable: () => true }), ['KEK', 'DB', 'DBX']],
  ['dbx alone, new by this run', inputsFor([], { touched: new Set(['DBX']) }), ['DBX']],
  ['no variable in the directory', inputsFor(['PK'], { hasVariable: () => false }), []],
];
for (const [name, inputs, stems] of CHANGED)
  suite(`variables that are made again: ${name}`, () => {
    assert.equal(stemsOf(inputs), stems);
  });

suite('a certificate outside of all variables: itself and its exports', () => {
  const plan = planOf(['ssig']);
  assert.equal(
    idsOf(plan).filter(id => !id.startsWith('.pki/')),
    ['ssig.cert', ...DERIVED_EXPORTS.filter(({ certificate }) => certificate === 'ssig.cert').map(({ file }) => file)],
  );
  assert.ok(plan.inputs.includes('ssig.key'));
});

suite('exports that the directory has not are not made', () => {
  assert.not.ok(idsOf(planOf(['ssig'], { exports: [] })).some(id => id.startsWith('certs/')));
});

suite('db: its new certificate is appended for the field, signed by KEK, a second before the whole list', () => {
  const plan = planOf(['DB']);
  assert.equal(updates(plan).sort(), ['DB.append.auth', 'DB.auth']);
  const appended = jobOf(plan, 'DB.append.auth');
  assert.match(
    lineOf(appended),
    /^sign-efi-sig-list -a -t '2026-01-02 03:06:04' -g owner-of-DB -k KEK\.key -c KEK\.crt db /,
  );
  assert.match(lineOf(jobOf(plan, 'DB.auth')), / -t '2026-01-02 03:06:05' /);
  const list = jobOf(plan, appended.needs[0]!);
  assert.equal(list.step.kind === 'concatenate' && list.step.parts, [{ file: '.pki/DB.esl' }]);
});

suite('what others have in db stays in the list, and of it only what is new is appended', () => {
  const extra = {
    touched: new Set(['DB']),
    othersOf: (stem: string) => (stem === 'DB' ? othersFile(stem) : undefined),
    freshOf: (stem: string) => (stem === 'DB' ? freshFile(stem) : undefined),
  };
  const plan = planOf([], extra);
  const whole = jobOf(plan, 'DB.esl').step;
  assert.equal(whole.kind === 'concatenate' && whole.parts.map(({ file }) => file), [
    '.pki/DB.esl',
    'ssig_subca.esl',
    othersFile('DB'),
  ]);
  const list = jobOf(plan, jobOf(plan, 'DB.append.auth').needs[0]!).step;
  assert.equal(list.kind === 'concatenate' && list.parts.map(({ file }) => file), [freshFile('DB')]);
});

suite('KEK: its list is that of its certificate, unless others have theirs in it', () => {
  const partsOf = (extra: Partial<RenewalInputs>) => {
    const plan = planOf(['KEK'], extra);
    const { step } = jobOf(plan, jobOf(plan, 'KEK.append.auth').needs[0]!);
    return step.kind === 'concatenate' && step.parts.map(({ file }) => file);
  };
  assert.equal(partsOf({}), ['KEK.esl']);
  assert.equal(partsOf({ othersOf: stem => (stem === 'KEK' ? othersFile(stem) : undefined) }), ['.pki/KEK.esl']);
});

suite('a variable that only comes later has nothing for the field', () => {
  assert.equal(updates(planOf(['KEK'])).sort(), ['DB.auth', 'KEK.append.auth', 'KEK.auth']);
});

suite('a new PK is set on the word of the old one, with its key from where it was put', () => {
  const plan = planOf(['PK'], { keysAtHand: new Set() });
  const [field] = updates(plan).filter(id => id.startsWith('PK.') && id !== 'PK.auth');
  const line = lineOf(jobOf(plan, field!));
  assert.match(line, / -k \.pki\/scratch\/former\/PK\.key -c \.pki\/scratch\/former\/PK\.crt PK PK\.esl /);
  assert.not.match(line, / -a /);
  assert.match(lineOf(jobOf(plan, 'PK.auth')), / -k PK\.key -c PK\.crt PK PK\.esl PK\.auth$/);
});

suite('the old PK in a token signs there, opened by its own PIN', () => {
  const token = tokenKey({ token: 't', object: 'old', pinVariable: 'OLD_PIN' });
  const plan = planOf(['PK'], { formerTokenOf: stem => (stem === 'PK' ? token : undefined) });
  const [field] = updates(plan).filter(id => id.startsWith('PK.') && id !== 'PK.auth');
  const { step } = jobOf(plan, field!);
  assert.equal(step.kind === 'command' && step.secrets, ['OLD_PIN']);
  assert.match(lineOf(jobOf(plan, field!)), / -e pkcs11 -k 'pkcs11:token=t;object=old;type=private' /);
});

suite('the update that empties PK comes later than the one that sets it', () => {
  const plan = planOf([], { clearsPlatformKey: true });
  assert.equal(updates(plan), ['noPK.auth']);
  assert.match(lineOf(jobOf(plan, 'noPK.auth')), / -t '2026-01-02 03:04:06' .* -k PK\.key -c PK\.crt PK /);
  const list = jobOf(plan, jobOf(plan, 'noPK.auth').needs[0]!).step;
  assert.equal(list.kind === 'concatenate' && list.parts, []);
});

suite('below a CA is what it issued, directly or not', () => {
  const below = (stem: string, ...stems: string[]) => isBelow(entityOf(configuration, stem), new Set(stems), hierarchy);
  assert.ok(below('backend', 'backend_subca'));
  assert.ok(below('backend', 'gen_rootca'));
  assert.not.ok(below('backend', 'device_subca', 'ssig_rootca'));
  assert.not.ok(below('backend', 'backend'));
  assert.not.ok(below('gen_rootca', 'gen_rootca'));
});

suite.run();
