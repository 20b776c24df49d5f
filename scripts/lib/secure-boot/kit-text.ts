// The texts of a UEFI kit: what each of its folders is for, and options to paste.
import type { Enrolled } from './kit.ts';

/** `-D` options of EDK2's build for `edk2/…` files: SecureBootDefaultKeys.fdf.inc of ArmPlatformPkg names them. */
export function edk2Options(files: readonly string[]): string {
  const options = files
    .map(file => file.replace('edk2/', ''))
    .map(name => {
      const [, stem, number = ''] = /^([A-Z]+)(\d*)\./.exec(name)!;
      return `-D ${stem}_DEFAULT_FILE${number}=edk2/${name}`;
    });
  return `${['-D SECURE_BOOT_ENABLE=TRUE', '-D DEFAULT_KEYS=TRUE', ...options].join('\n')}\n`;
}

/** Options of virt-fw-vars. It takes dbx as an update: a list alone has no time. */
export function virtFwVarsOptions(variables: readonly Enrolled[]): string {
  const options = variables.flatMap(({ variable: { name }, entries }) =>
    name === 'dbx'
      ? ['--set-dbx virt-fw-vars/dbx.auth']
      : entries.flatMap(({ owner, name: entry, isCertificate, data }) => {
          const option = name === 'PK' ? '--set-pk' : `--add-${name.toLowerCase()}`;
          if (isCertificate) return [`${option} ${owner} virt-fw-vars/${name}-${entry}.pem`];
          return data.length === 32 ? [`${option}-hash ${owner} ${data.toString('hex')}`] : [];
        }),
  );
  return `${[...options, '--secure-boot'].join('\n')}\n`;
}

/** Markdown. */
export function readme(variables: readonly Enrolled[]): string {
  const held = variables.map(
    ({ variable, entries }) => `- ${variable.name}: ${entries.map(({ name }) => name).join(', ') || 'nothing'}`,
  );
  return `# UEFI keys

${held.join('\n')}

| folder | for | how |
| --- | --- | --- |
| \`certificates/\` | firmware set-up menus | one certificate (DER) a file; enrol db, then KEK, then PK |
| \`keytool/\` | KeyTool of efitools | replace db and KEK by their lists, then PK by PK.auth |
| \`lists/\` | menus and tools that take signature lists | \`efi-updatevar -e -f lists/DB.esl db\` in set-up mode |
| \`updates/\` | authenticated updates, signed by KEK and PK | \`efi-updatevar -f updates/DB.auth db\`; the ones with "append" and -a on machines that have older lists |
| \`loader/keys/auto/\` | systemd-boot | copy \`loader\` to the EFI system partition; \`secure-boot-enroll\` in loader.conf says whether it asks |
| \`edk2/\` | EDK2 builds with default keys | \`build … $(cat edk2/build-options.txt)\`; signature lists (.esl) need a recent EDK2 |
| \`virt-fw-vars/\` | virtual machines | \`virt-fw-vars --input OVMF_VARS.fd --output vars.fd $(cat virt-fw-vars/options.txt)\` |

PK last: once it is there, the firmware takes nothing that is not signed.
`;
}
