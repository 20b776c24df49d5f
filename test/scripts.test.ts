// The shell scripts are sound.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { isMissing, ROOT, tool } from './helpers/door.ts';

const test = suite('shell scripts');

test('shellcheck has nothing to say', () => {
  if (isMissing('shellcheck')) return;
  const scripts = readdirSync(join(ROOT, 'scripts')).filter(name =>
    /(\.sh|^cml_gen_dev_certs|^trustme-pki)$/.test(name),
  );
  tool('shellcheck', [...scripts.map(name => join('scripts', name)), '.ci/run'], ROOT);
});

test.run();
