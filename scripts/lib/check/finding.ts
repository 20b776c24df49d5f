// What a check of a PKI directory has to say.

export interface Finding {
  readonly severity: 'error' | 'warning' | 'info';
  /** Stable name of the kind of finding, for scripts. */
  readonly code: string;
  /** Path inside the directory. */
  readonly file: string;
  readonly message: string;
  readonly hint: string;
}

/** An error finding. */
export const error = (code: string, file: string, message: string, hint = 'generate the directory again'): Finding => ({
  severity: 'error',
  code,
  file,
  message,
  hint,
});
