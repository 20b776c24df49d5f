// Findings as text for people and as JSON for programs. Names of files and texts of certificates may hold anything.
import { printable } from '../errors.ts';
import { type Finding, isSound } from './finding.ts';

/** One line a finding, its hint below it, and the sum of it at the end. */
export function formatFindings(directory: string, findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ severity, code, file, message, hint }) => [
    `${severity}  ${printable(`${file}: ${message}`)} [${code}]`,
    ...(hint === '' ? [] : [`       hint: ${printable(hint)}`]),
  ]);
  return [...lines, summary(printable(directory), findings)].join('\n');
}

function summary(directory: string, findings: readonly Finding[]): string {
  if (isSound(findings)) return `${directory} is sound`;
  const count = (severity: Finding['severity']) => {
    const number = findings.filter(each => each.severity === severity).length;
    return number === 0 ? [] : [`${number} ${severity}${number === 1 ? '' : 's'}`];
  };
  return `${directory}: ${[...count('error'), ...count('warning')].join(', ')}`;
}

/** Schema 1, on one line; `directory` is an absolute path. */
export function formatJson(directory: string, findings: readonly Finding[]): string {
  const text = JSON.stringify({ schema: 1, directory, sound: isSound(findings), findings });
  // JSON leaves the controls of 8-bit terminals as they are.
  return text.replace(/[\u007f-\u009f\u2028\u2029]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
