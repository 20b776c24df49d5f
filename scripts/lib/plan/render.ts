// An entity into the text of its openssl configuration: the facts are the model's, the syntax is the template's.
import { printable } from '../errors.ts';
import { EXTENSION_KEYS } from '../model/extensions.ts';
import { type Entity, type Extension, isPss, type Template } from '../model/types.ts';
import { certificateFile, databaseFolder } from '../store/names.ts';

/** Characters that openssl's configuration syntax reads as more than text, escaped (config(5)). */
export const escapeValue = (value: string): string => value.replace(/["'`#]/g, '\\$&');

/** Renders the configuration of one entity. `passphrase` is the variable named in its example commands. */
export function renderConfiguration(
  template: Template,
  entity: Entity,
  passphrase: string | undefined,
  version: string,
): string {
  return template({
    stem: entity.stem,
    file: printable(entity.file),
    version,
    commonName: entity.subject.find(({ name }) => name === 'commonName')?.value ?? '',
    digest: entity.keyType.kind === 'other' ? 'default' : entity.digest,
    subject: escaped(entity.subject),
    extensions: escaped(entity.certificate.extensions),
    authority: authority(entity, passphrase),
  });
}

const escaped = (lines: readonly Extension[]): Extension[] =>
  lines.map(({ name, value }) => ({ name, value: escapeValue(value) }));

/** What the [ca] part needs; null (strict templates know no missing value) for an entity that issues nothing. */
function authority(entity: Entity, passphrase: string | undefined) {
  const { issued } = entity;
  if (!issued) return null;
  const passin = passphrase ? ` -passin env:${passphrase}` : '';
  return {
    options: isPss(entity) ? `${passin} -sigopt rsa_pss_saltlen:digest` : passin,
    certificate: certificateFile(entity),
    database: databaseFolder(entity.stem),
    days: issued.days,
    crlDays: entity.crlDays,
    copy: issued.copy.some(key => EXTENSION_KEYS.includes(key)) ? 'copy' : 'none',
    issued: escaped(issued.extensions),
    issuedRsa: escaped(issued.rsaExtensions),
    offersRsa: issued.extensions.some(({ value }, i) => value !== issued.rsaExtensions[i]?.value),
  };
}
