// The derived exports: files that another file determines wholly, made only where they are missing.

/** One derived export. `key` is absent where the export holds no private key. */
export interface DerivedExport {
  readonly file: string;
  readonly certificate: string;
  readonly key?: string;
}

/** What the kernel build and firmware menus read: contract of gen_dev_certs.sh, "Derived exports". */
export const DERIVED_EXPORTS: readonly DerivedExport[] = [
  { file: 'certs/signing_key.x509', certificate: 'ssig_subca.cert' },
  { file: 'certs/signing_key.pem', certificate: 'ssig_subca.cert', key: 'ssig_subca.key' },
  { file: 'PK.cer', certificate: 'PK.crt' },
];
