#!/bin/bash
# Runs the tests in another release of Debian, with its openssl: bash test/release.sh [SUITE [PATTERN]], trixie by
# default. Needs root, debootstrap and Debian's mirror. TOKEN_ROAD=provider takes keys in tokens by pkcs11-provider.
set -eu
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
suite=${1:-trixie} pattern=${2:-} mirror=${MIRROR:-http://deb.debian.org/debian}
command -v debootstrap >/dev/null || { echo 'debootstrap is missing: apt-get install debootstrap' >&2; exit 1; }
# What this debootstrap has no script for is newer than it.
script=/usr/share/debootstrap/scripts/$suite
[ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid
root=$(mktemp -d)
trap 'rm -rf --one-file-system "$root" "$root.log"' EXIT
debootstrap --variant=minbase --include=ca-certificates,nodejs,openssl,procps "$suite" "$root" "$mirror" "$script" >"$root.log" 2>&1 ||
	{ tail -n 20 "$root.log" >&2; exit 1; }
mkdir -p "$root/srv/pki"
{ git ls-files -z; git ls-files -z --others --exclude-standard; } | tar --null -T - -c | tar -x -C "$root/srv/pki"
# The npm packages of here serve there, too.
[ ! -d node_modules ] || { cp -r node_modules "$root/srv/pki/" && touch "$root/srv/pki/node_modules/.package-lock.json"; }
cp /etc/resolv.conf "$root/etc/"
# apt's user reads the root; a mirror may be a snapshot whose date has passed.
chmod 755 "$root"
echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/99snapshot"
# What is mounted here is gone with the process, whatever ends it.
unshare --mount bash -eu <<END
mount --bind '$root' '$root'
mount -t proc proc '$root/proc'
mount --rbind /dev '$root/dev'
HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot '$root' bash -eu <<'INNER'
apt-get update -qq
apt-get install -y -qq --no-install-recommends git npm pkcs11-provider >/dev/null 2>&1
cd /srv/pki
git init -q && git add -A
bash scripts/setup.sh
npm run --silent build
openssl version
CI='' TOKEN_ROAD='${TOKEN_ROAD:-engine}' node --import tsx test/run.ts '$pattern'
INNER
END
