// `npm run test:tutorial`: docs/tutorial.md word for word, with QEMU, OVMF and the kernel of Debian. Not part of `npm test`,
// which does without these packages.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runDocument } from './helpers/document.ts';

const test = suite('tutorial');

test('the signed kernel boots with Secure Boot, an unsigned loader does not', async () => {
  const { stdout } = await runDocument('tutorial.md');
  assert.match(stdout, /^pki is sound$/m);
  assert.match(stdout, /secureboot: Secure boot enabled\nthe kernel is up\n/);
  assert.match(stdout, /Access Denied\n[\s\S]*dbx has its hash\nnot any more\n/);
});

test.run();
