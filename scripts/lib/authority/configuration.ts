// The openssl configuration that a CA of a directory signs by.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../errors.ts';
import { parseKeyType } from '../model/key-type.ts';
import { withKey } from '../model/supplied.ts';
import { renderConfiguration } from '../plan/render.ts';
import { describeCertificate } from '../store/certificate-facts.ts';
import { readContained } from '../store/contained-file.ts';
import type { CertificateFile } from '../store/directory.ts';
import { configurationFile } from '../store/names.ts';
import { packageVersion } from '../store/package.ts';
import { loadTemplates } from '../store/templates.ts';
import { keyOf, tokenOf } from './directory-key.ts';
import type { OpenDirectory } from './open.ts';

/** What the directory was made with, unless folders are named now. */
export async function configurationOf(open: OpenDirectory, { stem, certificate }: CertificateFile): Promise<string> {
  const { directory, settings, options } = open;
  const file = configurationFile(stem);
  if (options.configurationFolders.length === 0 && existsSync(join(directory.path, file)))
    return readContained(directory.path, file).toString('utf8');
  const entity = settings.configuration.hierarchy.get(stem);
  if (!entity)
    throw new StateError(
      `no configuration describes the CA "${stem}"`,
      'give the folder that it was made with: --conf FOLDER',
    );
  const template = (await loadTemplates(settings.templates))(stem);
  // The key is the one that the directory has, whatever type the configuration would give it today.
  const { keyType, isPssKey } = describeCertificate(certificate.raw);
  const own = withKey({ ...entity, token: tokenOf(open, stem) }, { keyType: parseKeyType(keyType), isPssKey });
  return renderConfiguration(template, own, keyOf(open, stem), packageVersion());
}

/**
 * Why no revocation list can be made of a CA; undefined: one can. Directories of former versions have no [ca] for a CA
 * without [issued]. Throws a StateError where no configuration describes the CA.
 */
export async function refuseList(open: OpenDirectory, ca: CertificateFile): Promise<StateError | undefined> {
  if (/^\[ *ca *\]/m.test(await configurationOf(open, ca))) return undefined;
  return new StateError(
    `no list of ${ca.stem}: its configuration "${configurationFile(ca.stem)}" has no section [ca]`,
    'give the folder that it was made with, from which it is rendered anew: --conf FOLDER',
  );
}
