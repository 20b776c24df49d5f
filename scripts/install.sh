#!/bin/bash
# Installs the npm packages of a checkout where they are missing, or older than the list of them.
set -eu
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
[ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ] || exit 0
echo 'trustme-pki: installing the npm packages' >&2
# A user without a home, as in many containers, cannot write npm's cache.
cache=$(npm config get cache)
if ! { mkdir -p -- "$cache" 2>/dev/null && [ -w "$cache" ]; }; then
	npm_config_cache=$(mktemp -d)
	export npm_config_cache
	trap 'rm -rf -- "$npm_config_cache"' EXIT
fi
npm ci --include=dev --ignore-scripts --no-audit --no-fund --loglevel=error >&2
touch node_modules/.package-lock.json
