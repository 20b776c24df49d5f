// What a check of a PKI directory has to say.

export interface Finding {
  readonly severity: 'error' | 'warning' | 'info';
  /** Stable name of the kind of finding, for scripts; docs/verify.md lists them. */
  readonly code: string;
  /** Path inside the directory; `.` is the directory itself. */
  readonly file: string;
  readonly message: string;
  /** What to do; '' where there is nothing to be done. */
  readonly hint: string;
}

/** An error: something that reads the directory will fail, or must not trust it. */
export const error = (code: string, file: string, message: string, hint = 'generate the directory again'): Finding => ({
  severity: 'error',
  code,
  file,
  message,
  hint,
});

/** A warning: it works, and should not stay so. */
export const warning = (code: string, file: string, message: string, hint = ''): Finding => ({
  ...error(code, file, message, hint),
  severity: 'warning',
});

/** Worth knowing; the directory is sound all the same. */
export const info = (code: string, file: string, message: string, hint = ''): Finding => ({
  ...error(code, file, message, hint),
  severity: 'info',
});

const SEVERITIES: readonly Finding['severity'][] = ['error', 'warning', 'info'];

const rank = ({ severity }: Finding): number => SEVERITIES.indexOf(severity);
const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** The worst first, then by file; the same thing said twice is said once. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const distinct = new Map(findings.map(each => [`${each.code}\0${each.file}\0${each.message}`, each]));
  return [...distinct.values()].sort((a, b) => rank(a) - rank(b) || byText(a.file, b.file) || byText(a.code, b.code));
}

/** Whether nothing has to be done. */
export const isSound = (findings: readonly Finding[]): boolean => findings.every(({ severity }) => severity === 'info');
