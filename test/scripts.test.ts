// The shell scripts are sound.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { isMissing, ROOT, tool } from './helpers/door.ts';

const test = suite('shell scripts');

test('shellcheck has nothing to say', () => {
  if (isMissing('shellcheck')) return;
  const scripts = readdirSync(join(ROOT, 'scripts')).filter(
    name => name.endsWith('.sh') || name === 'cml_gen_dev_certs',
  );
  tool('shellcheck', [...scripts.map(name => join('scripts', name)), '.ci/run'], ROOT);
});

test.run();
