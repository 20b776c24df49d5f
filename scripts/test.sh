#!/bin/bash
# Runs all tests, or those whose path matches the pattern given; ends with the line "N passed, N failed".
set -eu
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
bash scripts/setup.sh
npm run --silent build
exec node --import tsx test/run.ts "${1:-}"
