// An entity into the text of its openssl configuration: the facts are the model's, the syntax is the template's.
import { printable } from '../errors.ts';
import { type Entity, type Extension, keepsDatabase, type Profile, type Template } from '../model/types.ts';
import { certificateFile, databaseFolder } from '../store/names.ts';
import { caTime, fixedTimes, pssOptions } from './openssl.ts';
import type { PrivateKey } from './private-key.ts';

/** Characters that openssl's configuration syntax reads as more than text, escaped (config(5)). */
export const escapeValue = (value: string): string => value.replace(/["'`#]/g, '\\$&');

/** Renders the configuration of one entity. The variable of its key is named in its example commands. */
export function renderConfiguration(template: Template, entity: Entity, key: PrivateKey, version: string): string {
  return template({
    stem: entity.stem,
    file: printable(entity.file),
    version,
    commonName: entity.subject.find(({ name }) => name === 'commonName')?.value ?? '',
    digest: entity.keyType.kind === 'other' ? 'default' : entity.digest,
    subject: escaped(entity.subject),
    extensions: escaped(entity.certificate.extensions),
    parts: partsOf(entity.certificate),
    key: key.argument,
    authority: authority(entity, key.passphrase),
  });
}

const escaped = (lines: readonly Extension[]): Extension[] =>
  lines.map(({ name, value }) => ({ name, value: escapeValue(value) }));

/** Sections that extension lines refer to. */
const partsOf = ({ sections }: Profile) =>
  sections.map(({ name, lines }) => ({ section: name, extensions: escaped(lines) }));

/** What the [ca] part needs; null (strict templates know no missing value) for an entity that makes no revocation lists. */
function authority(entity: Entity, passphrase: string | undefined) {
  if (!keepsDatabase(entity)) return null;
  const [first, ...others] = entity.issued;
  const passin = passphrase ? ` -passin env:${passphrase}` : '';
  return {
    options: [passin, ...pssOptions(entity)].join(' '),
    certificate: certificateFile(entity),
    database: databaseFolder(entity.stem),
    crlDays: entity.crlDays,
    ...(first ? usualProfile(...first) : NO_PROFILE),
    profiles: [...entity.issued].flatMap(([each, of]) => profileSections(sectionOf(each), of)),
    others: others.map(([each, of]) => `-extensions ${sectionOf(each)}${timeOptions(of)}`).join('; '),
    copying: copyingSections(entity),
  };
}

/** Sections of the profiles that take names over; null where all do, or none: openssl has one word for all of a CA. */
function copyingSections({ issued }: Entity): string | null {
  const copying = [...issued].filter(([, { copy }]) => copy.length > 0).map(([name]) => sectionOf(name));
  return copying.length === 0 || copying.length === issued.size ? null : copying.join(' ');
}

/** The defaults of `openssl ca`. */
const usualProfile = (name: string, profile: Profile) => ({
  section: sectionOf(name),
  ...defaultTimes(profile),
  copy: profile.copy.length > 0 ? 'copy' : 'none',
  offersRsa: hasRsaForm(profile),
});

/** Of a CA that issues nothing to requests. */
const NO_PROFILE = { section: null, days: null, startDate: null, endDate: null, copy: 'none', offersRsa: false };

const sectionOf = (profile: string): string => (profile === '' ? 'issued' : `issued_${profile}`);

const hasRsaForm = ({ extensions, rsaExtensions }: Profile): boolean =>
  extensions.some(({ value }, i) => value !== rsaExtensions[i]?.value);

/** The defaults of `openssl ca`; null where there is none. */
function defaultTimes(profile: Profile) {
  const { notBefore, end } = fixedTimes(profile);
  const time = (date: Date | undefined) => (date ? caTime(date) : null);
  return { days: end ? null : (profile.days ?? null), startDate: time(notBefore), endDate: time(end) };
}

/** `openssl ca` has defaults for one profile; others bring their times as options. */
function timeOptions(profile: Profile): string {
  const { notBefore, end } = fixedTimes(profile);
  const start = notBefore ? ` -startdate ${caTime(notBefore)}` : '';
  return end ? `${start} -enddate ${caTime(end)}` : `${start} -days ${profile.days}`;
}

/** The sections of a profile; all but the very first of a file follow a blank line. */
function profileSections(section: string, profile: Profile) {
  const forms = [
    { section, extensions: escaped(profile.extensions) },
    ...(hasRsaForm(profile) ? [{ section: `${section}_rsa`, extensions: escaped(profile.rsaExtensions) }] : []),
    ...partsOf(profile),
  ];
  return forms.map(form => ({ ...form, isFirst: form.section === 'issued' }));
}
