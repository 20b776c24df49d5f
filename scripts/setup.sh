#!/bin/bash
# Installs what a fresh machine lacks for the tests: npm packages, and Debian packages where this is root.
# Where it is not root it says what is missing and goes on.
set -eu
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

# command, or pattern of a file, then the Debian packages that have it
needed='openssl openssl
flock util-linux
cert-to-efi-sig-list efitools
softhsm2-util softhsm2
/usr/lib/*/engines-3/pkcs11.so libengine-pkcs11-openssl
pkcs11-tool opensc
evmctl ima-evm-utils
/usr/lib/linux-kbuild-*/scripts/sign-file linux-kbuild-6
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
groff groff
chromium chromium'

install_packages() {
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

# The version of a kernel's build is part of its package's name: that of the release comes first.
with_version() {
	local build
	build=$(apt-cache pkgnames linux-kbuild-6 2>/dev/null | sort -V | head -n 1)
	echo "${1/linux-kbuild-6/${build:-linux-kbuild-6}}"
}

missing=$(while read -r tool package; do
	command -v "$tool" >/dev/null || compgen -G "$tool" >/dev/null || echo "$package"
done <<<"$needed" | sort -u | tr '\n' ' ')
if [ -n "$missing" ]; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		apt-get update -qq >/dev/null 2>&1 || :
		missing=$(with_version "$missing")
		echo "setup: installing $missing" >&2
		# shellcheck disable=SC2086 # a list of packages
		install_packages $missing >/dev/null 2>&1 ||
			# One that this release does not have keeps the others out.
			for package in $missing; do
				install_packages "$package" >/dev/null 2>&1 || echo "setup: could not install $package" >&2
			done
	else
		echo "setup: missing, and this is not root: apt-get install $(with_version "$missing")" >&2
	fi
fi

exec 9<package.json
flock 9
bash scripts/install.sh
