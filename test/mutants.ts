// `npm run test:mutants`: changes one operator, constant or condition of the plan and the validation rules at a time, and
// expects the unit tests to notice. Prints what survives, and fails where that is not explained here. MUTANTS=N tries N of them, spread evenly (all if it is not set);
// FILES=PATTERN takes the files of scripts/lib/model and scripts/lib/plan whose paths match.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT, scratch } from './helpers/door.ts';

/** Survivors that change nothing, and why. */
const EXPLAINED: Readonly<Record<string, string>> = {
  'model/effective-values.ts: 0 -> 1': 'the width of a list of no values, which has no lines',
  'model/key-facts.ts: !(error instanceof PkiError) -> false': 'what parseKeyType throws is one; this is for bugs',
  'model/key-type.ts: 224 -> 225': 'noticed by test/run/tools, which asks openssl',
  'model/nearest.ts: >= -> >': 'a shortcut: the distance is worked out instead',
  'model/nearest.ts: Math.abs(a.length - b.length) >= limit -> false': 'the same',
  'model/nearest.ts: 1 -> 2': 'a column more than the distance is read from',
  'model/pem.ts: 64 -> 65': 'blocks of 64 characters are read line by line instead',
  'model/pem.ts: 0 -> 1': 'the same',
  'model/pem.ts: < -> <=': 'the same',
  'model/pem.ts: strict -> false': 'the same',
  'model/pem.ts: !text.includes(BEGIN) -> false': 'a shortcut: no line is a BEGIN line',
  'model/pem.ts: > -> >=': 'nothing stands before the first character',
  'model/protocol.ts: || -> &&': 'one match gives both, or neither',
  'model/subject.ts: 2 -> 3': 'a country is two letters by its pattern, too',
  'model/values.ts: >= -> >': 'a day is longer than the year that it is compared with',
  'model/variable-update.ts: 0x40 -> 65': 'the bit more is set already, as non-volatile',
  'model/variable-update.ts: 0 -> 1': 'the same; and no OID begins at the first byte of a ContentInfo',
  'model/variable-update.ts: 16 -> 17': 'the OID of a ContentInfo ends before that',
  'plan/openssl.ts: false -> true': 'RSA keys, which alone can be RSA-PSS ones, are not made by req',
  'plan/renewal.ts: 1000 -> 1001': 'updates have times of whole seconds',
};

interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly from: number;
  readonly to: number;
  readonly was: string;
  readonly becomes: string;
}

const FOLDERS = ['scripts/lib/model', 'scripts/lib/plan'];
const SWAPS: Readonly<Record<string, string>> = {
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '&&': '||',
  '||': '&&',
  '??': '&&',
  '+': '-',
  '-': '+',
};

function mutantsOf(file: string): Mutant[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Mutant[] = [];
  const add = (node: ts.Node, becomes: string): void => {
    const from = node.getStart();
    const line = source.getLineAndCharacterOfPosition(from).line + 1;
    found.push({ file, line, from, to: node.getEnd(), was: node.getText(), becomes });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return;
    if (ts.isBinaryExpression(node)) {
      const swapped = SWAPS[node.operatorToken.getText()];
      if (swapped) add(node.operatorToken, swapped);
    } else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
      add(node, node.operand.getText());
    else if (ts.isConditionalExpression(node)) add(node.condition, `!(${node.condition.getText()})`);
    else if (ts.isIfStatement(node)) add(node.expression, 'false');
    else if (ts.isNumericLiteral(node)) add(node, String(Number(node.text) + 1));
    else if (node.kind === ts.SyntaxKind.TrueKeyword) add(node, 'false');
    else if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, 'true');
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Whether the unit tests notice something in a copy of the project. */
function isNoticed(copy: string): Promise<boolean> {
  const args = ['--import', 'tsx', 'node_modules/uvu/bin.js', 'test', '^(model|plan)/.*\\.test\\.ts$', '--bail'];
  const child = spawn(process.execPath, args, { cwd: copy, stdio: 'ignore', timeout: 60_000, killSignal: 'SIGKILL' });
  return new Promise(done => child.on('close', code => done(code !== 0)));
}

function makeCopy(folder: string): string {
  mkdirSync(folder);
  for (const name of ['scripts', 'test', 'templates', 'openssl-conf', 'docs', 'package.json', 'tsconfig.json'])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

const pattern = new RegExp(process.env.FILES ?? '');
const files = FOLDERS.flatMap(folder => readdirSync(join(ROOT, folder)).map(name => `${folder}/${name}`));
const all = files.filter(file => pattern.test(file)).flatMap(mutantsOf);
const count = Math.min(all.length, Number(process.env.MUTANTS ?? all.length));
const chosen = Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!);
const survivors: Mutant[] = [];
const folder = scratch();
const waiting = chosen.values();
const worker = async (_none: unknown, i: number): Promise<void> => {
  const copy = makeCopy(join(folder, String(i)));
  if (await isNoticed(copy)) throw new Error('the tests fail without a mutant');
  for (const mutant of waiting) {
    const path = join(copy, mutant.file);
    const text = readFileSync(join(ROOT, mutant.file), 'utf8');
    writeFileSync(path, text.slice(0, mutant.from) + mutant.becomes + text.slice(mutant.to));
    if (!(await isNoticed(copy))) survivors.push(mutant);
    writeFileSync(path, text);
  }
};
await Promise.all(Array.from({ length: availableParallelism() }, worker));
const reasonOf = ({ file, was, becomes }: Mutant): string | undefined =>
  EXPLAINED[`${file.replace('scripts/lib/', '')}: ${was} -> ${becomes}`];
for (const each of survivors)
  console.log(
    `${each.file}:${each.line}: ${each.was} -> ${each.becomes}${reasonOf(each) ? ` (${reasonOf(each)})` : ''}`,
  );
const open = survivors.filter(each => reasonOf(each) === undefined);
console.log(
  `${count} of ${all.length} mutants tried, ${survivors.length} survived, ${open.length} of them unexplained`,
);
process.exitCode = open.length > 0 ? 1 : 0;
