// The environment variables of this program, for manual page and docs.

export const VARIABLES: readonly (readonly [name: string, meaning: string])[] = [
  ['TRUSTME_PKI_DIR', 'the PKI directory, where --dir is not given; else test_certificates in the current folder'],
  ['TRUSTME_PKI_CONF', 'configuration folders, separated by colons, where --conf is not given'],
  ['TRUSTME_PKI_P12_PASSWORD', 'password of PKCS #12 files, where --password-env names no other'],
  ['TRUSTME_PKI_SIGN_FILE', "path of the kernel's sign-file, where it is in no usual place"],
  ['TRUSTME_PKCS11_MODULE', 'path of the PKCS #11 module, where module in [key] says nothing'],
  ['TRUSTME_PKCS11_PIN', 'PIN of the token, where pin-env in [key] names no other'],
  ['TRUSTME_PKCS11_ROAD', 'engine or provider: how openssl reaches tokens, where both are installed'],
  ['TRUSTME_PKCS11_ENV', 'names of more variables that the module is to see'],
  ['GYROIDOS_TEST_PASSWD_PKI, TRUSTME_TEST_PASSWD_PKI', 'passphrase of the keys of the general PKI'],
  ['DO_PLATFORM_KEYS', 'y: gen_dev_certs.sh makes the UEFI keys, too'],
  ['KEY_SIZE', 'RSA size, where gen_dev_certs.sh is given no KEY_TYPE'],
];
