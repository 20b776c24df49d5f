// Which file of a PKI directory is read by whom (README.md, "Who reads what").

const SIGNED_BOOT = 'sbsign on the kernel; evmctl on the firmware';
const CONFIGURATIONS = 'signing of GuestOS and container configurations';
const PROVISIONING = 'provisioning: signs the requests of devices';
const KERNEL = 'kernel build: module signing';
const ENROLMENT = 'UEFI enrolment by authenticated variable updates';

/** By path inside the directory. */
export const READERS: Readonly<Record<string, string>> = {
  'certs/signing_key.pem': KERNEL,
  'certs/signing_key.x509': KERNEL,
  'ssig_rootca.cert': 'kernel build: trusted keyring; device image: trust anchor',
  'gen_rootca.cert': 'device image: trust anchor, for TLS with the backend too',
  'ssig_subca.key': SIGNED_BOOT,
  'ssig_subca.cert': SIGNED_BOOT,
  'ssig_cml.key': CONFIGURATIONS,
  'ssig_cml.cert': CONFIGURATIONS,
  'device_subca.key': PROVISIONING,
  'device_subca.cert': PROVISIONING,
  'backend.key': 'TLS server of the backend',
  'backend.cert': 'TLS server of the backend',
  'ocsp_server.key': 'OCSP responder of the backend',
  'ocsp_server.cert': 'OCSP responder of the backend',
  'DB.esl': 'UEFI enrolment with KeyTool',
  'KEK.esl': 'UEFI enrolment with KeyTool',
  'PK.auth': `UEFI enrolment with KeyTool; ${ENROLMENT}`,
  'DB.auth': ENROLMENT,
  'KEK.auth': ENROLMENT,
  'PK.cer': 'firmware set-up menus',
};

/** Who reads a file, in words; `file` is the path inside the directory. */
export const readerOf = (file: string): string | undefined =>
  Object.hasOwn(READERS, file) ? READERS[file] : undefined;
