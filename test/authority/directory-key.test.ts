// By which module and PIN the key of a stem is reached that lies in a token.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tokenOf } from '../../scripts/lib/authority/directory-key.ts';
import type { OpenDirectory } from '../../scripts/lib/authority/open.ts';
import { parseTokenUri, TOKEN_KEY_MARK } from '../../scripts/lib/model/token.ts';
import { scratch } from '../helpers/door.ts';

const test = suite('directory key');
const folder = scratch();
writeFileSync(
  join(folder, 'user_subca.key'),
  `${TOKEN_KEY_MARK}\nuri = pkcs11:token=hsm;object=user;type=private\nmodule = /old.so\npin-env = OLDPIN\n`,
);

function reached(object: string, configurationFolders: readonly string[]) {
  const token = {
    ...parseTokenUri(`pkcs11:token=hsm;object=${object};type=private`),
    module: '/new.so',
    pinVariable: 'NEWPIN',
  };
  const open = {
    directory: { path: folder, keys: new Set(['user_subca']) },
    settings: { configuration: { hierarchy: new Map([['user_subca', { token }]]) } },
    options: { configurationFolders },
  } as unknown as OpenDirectory;
  const { module, pinVariable } = tokenOf(open, 'user_subca')!;
  return [module, pinVariable];
}

test('a folder that is given says module and PIN of the same key, and of no other one', () => {
  assert.equal(reached('user', ['conf']), ['/new.so', 'NEWPIN']);
  assert.equal(reached('other', ['conf']), ['/old.so', 'OLDPIN']);
  assert.equal(reached('user', []), ['/old.so', 'OLDPIN']);
});

test.run();
