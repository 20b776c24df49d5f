#!/bin/bash
# Installs what a fresh machine lacks for the tests: npm packages, and Debian packages where this is root.
# Where it is not root it says what is missing and goes on.
set -eu
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

# command, then the Debian package that has it
needed='openssl openssl
flock util-linux
cert-to-efi-sig-list efitools
softhsm2-util softhsm2 libengine-pkcs11-openssl
pkcs11-tool opensc
evmctl ima-evm-utils
/usr/lib/linux-kbuild-6.1/scripts/sign-file linux-kbuild-6.1
sbsign sbsigntool
certtool gnutls-bin
curl curl
make make
cc gcc libc6-dev
swtpm swtpm
/usr/sbin/tpm2-abrmd tpm2-abrmd tpm2-openssl libtss2-tcti-tabrmd0 libtss2-tcti-swtpm0
dbus-run-session dbus-daemon
python3 python3
shellcheck shellcheck
faketime faketime
strace strace
chromium chromium'

install_packages() {
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

missing=$(while read -r tool package; do command -v "$tool" >/dev/null || echo "$package"; done <<<"$needed" | sort -u | tr '\n' ' ')
if [ -n "$missing" ]; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "setup: installing $missing" >&2
		# shellcheck disable=SC2086 # a list of packages
		{ apt-get update -qq && install_packages $missing; } >/dev/null 2>&1 ||
			# One that this release does not have keeps the others out.
			for package in $missing; do
				install_packages "$package" >/dev/null 2>&1 || echo "setup: could not install $package" >&2
			done
	else
		echo "setup: missing, and this is not root: apt-get install $missing" >&2
	fi
fi

exec 9<package.json
flock 9
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
	echo 'setup: installing the npm packages' >&2
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	touch node_modules/.package-lock.json
fi
