// Kernel modules, signed as the kernel's own build does it: a CMS signature by openssl, put at the end by sign-file.
// Source: Documentation/admin-guide/module-signing.rst, scripts/sign-file.c and include/linux/module_signature.h of Linux 6.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, StateError } from '../errors.ts';
import { KERNEL_KEYS, refusalOfKernel } from '../model/kernel.ts';
import { shellWord } from '../model/shell-word.ts';
import { command, commandWithKey } from '../plan/job.ts';
import { passin } from '../plan/private-key.ts';
import { runCommand, type Surroundings } from '../run/exec.ts';
import { inTemporary } from '../run/temporary.ts';
import { writeNew } from '../store/files.ts';
import { refusalOfKernelKey } from './kernel-key.ts';
import { flawOfSignature } from './module-signature.ts';
import { publishFile } from './output.ts';
import { refuseKey, type Signer } from './signer.ts';

const MARK = Buffer.from('~Module signature appended~\n');
/** struct module_signature: its last four bytes are the length of the signature, big endian. */
const TRAILER = 12;

interface Parts {
  readonly module: Buffer;
  readonly signature: Buffer | undefined;
  /** The trailer without the length. */
  readonly parameters: Buffer;
}

/** A module without its signature, and that. */
function splitModule(bytes: Buffer): Parts {
  const unsigned = { module: bytes, signature: undefined, parameters: Buffer.alloc(0) };
  if (!bytes.subarray(-MARK.length).equals(MARK)) return unsigned;
  const end = bytes.length - MARK.length - TRAILER;
  const length = end < 0 ? 0 : bytes.readUInt32BE(end + TRAILER - 4);
  if (length === 0 || length > end) return unsigned;
  return {
    module: bytes.subarray(0, end - length),
    signature: bytes.subarray(end - length, end),
    parameters: bytes.subarray(end, end + TRAILER - 4),
  };
}

/** Signs a module; a signature that it has is replaced. `digest` is that of CONFIG_MODULE_SIG_HASH. */
export async function signModule(
  file: string,
  output: string,
  digest: string,
  signFile: string,
  { certificate, key, surroundings }: Signer,
): Promise<void> {
  refuseKey(certificate, "the kernel's module loader", KERNEL_KEYS, refusalOfKernel);
  const { module } = splitModule(readFileSync(file));
  refuseOther(file, module);
  await inTemporary(async folder => {
    const [plain, signature] = [join(folder, 'module'), join(folder, 'signature')];
    writeNew(plain, module);
    const args = ['cms', '-sign', '-binary', '-noattr', '-nosmimecap', '-nocerts', '-md', digest, '-in', plain];
    const by = [
      '-signer',
      certificate.file,
      '-inkey',
      key.argument,
      ...passin(key),
      '-outform',
      'DER',
      '-out',
      signature,
    ];
    await runCommand(commandWithKey('openssl', [...args, ...by], key, certificate.file), output, surroundings);
    await publishFile(output, async draft => {
      const append = command(signFile, ['-s', signature, digest, certificate.file, plain, draft]);
      await runCommand(append, output, surroundings);
      const refusal = await refusalOfModule(draft, certificate.certificate.toString(), surroundings);
      if (refusal !== undefined) throw new StateError(`the signature of "${file}" was thrown away: ${refusal}`);
    });
  });
}

/** ELF (elf(5)); compressed ones are signed before that, since the kernel verifies what is in them. */
function refuseOther(file: string, module: Buffer): void {
  if (module.subarray(0, 4).toString('latin1') === '\x7fELF') return;
  const decompress = decompressionOf(file, module);
  if (decompress === undefined) throw new StateError(`"${file}" is no kernel module (ELF)`, 'give .ko files');
  throw new StateError(
    `"${file}" is no kernel module (ELF), but a compressed file`,
    `sign modules before they are compressed: ${decompress}`,
  );
}

/** What decompresses a file beside it; undefined: it is not compressed. Formats that the kernel's build knows, by their first bytes. */
function decompressionOf(file: string, content: Buffer): string | undefined {
  const [, command] = FORMATS.find(([start]) => content.subarray(0, start.length).equals(start)) ?? [];
  return command && `${command} ${shellWord(file)}`;
}

const FORMATS: readonly (readonly [start: Buffer, command: string])[] = [
  [Buffer.from('fd377a585a00', 'hex'), 'xz -dk'],
  [Buffer.from('28b52ffd', 'hex'), 'zstd -d'],
  [Buffer.from('1f8b', 'hex'), 'gzip -dk'],
];

/** Why the kernel would refuse a module, where it trusts one certificate (PEM); undefined: it takes it. */
export async function refusalOfModule(
  file: string,
  certificate: string,
  surroundings: Surroundings,
): Promise<string | undefined> {
  const { module, signature, parameters } = splitModule(readFileSync(file));
  if (!signature) {
    const decompress = decompressionOf(file, module);
    return decompress === undefined
      ? 'it has no signature'
      : `it is compressed, and the kernel verifies what is in it: ${decompress}, and check that`;
  }
  const flaw = flawOfSignature(signature, parameters) ?? refusalOfKernelKey(new X509Certificate(certificate));
  if (flaw !== undefined) return flaw;
  return inTemporary(async folder => {
    const files = { module, signature, certificate };
    for (const [name, content] of Object.entries(files)) writeNew(join(folder, name), content);
    // The kernel goes by its keyring alone: no chain, no purpose, no time; and by no extension that it does not know.
    const args = 'cms -verify -binary -inform DER -in signature -content module -certfile certificate';
    const trust = '-CAfile certificate -partial_chain -purpose any -no_check_time -ignore_critical -out /dev/null';
    try {
      const verification = command('openssl', `${args} ${trust}`.split(' '));
      await runCommand(verification, file, { ...surroundings, folder });
      return undefined;
    } catch (error) {
      if (error instanceof CommandError) return 'its signature is not one by this certificate';
      throw error;
    }
  });
}
