#!/usr/bin/env node
// Starts the built program, from its compiled files where they are there.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadCompiled } from './compiled.ts';

loadCompiled(dirname(fileURLToPath(import.meta.url)));
createRequire(import.meta.url)('./program.cjs').runProcess(process);
