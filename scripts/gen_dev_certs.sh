#!/bin/bash
# The drop-in door: finds the built program (builds it once in a fresh clone) and passes the arguments on.
# Started by "sh", which may be no bash.
[ "${BASH_VERSION-}" ] || exec bash -- "$0" "$@"
set -eu

self=${BASH_SOURCE[0]}
while [ -L "$self" ]; do
	link=$(readlink -- "$self")
	case $link in /*) self=$link ;; *) self=${self%/*}/$link ;; esac
done
case $self in */*) here=${self%/*} ;; *) here=. ;; esac
case $here in
.) here=$PWD ;;
/*) ;;
*) here=$PWD/$here ;;
esac
# A subshell takes longer than all else here: it is asked only where the folder's own name matters and may be another.
is_plain=${1+y}
case $here/ in *//* | */./* | */../* | */node_modules/*) is_plain= ;; esac
[ "$is_plain" ] && [ ! -L "$here" ] || here=$(cd -P -- "$here" && pwd)
root=${here%/*}

fail() {
	printf 'trustme-pki: error: %s\ntrustme-pki: hint: %s\n' "$1" "$2" >&2
	exit 1
}

# Whether dist/ is missing or older than a source. The npm package has no sources, so it is never stale.
is_stale() {
	[ -e "$root/dist/main.cjs" ] || return 0
	[ -e "$root/scripts/main.ts" ] || return 1
	local source
	shopt -s nullglob
	for source in "$root"/scripts/{,verbs/,lib/,lib/*/}*.ts "$root"/templates/*.hbs "$root"/package-lock.json; do
		[[ $source -nt $root/dist/main.cjs ]] && return 0
	done
	return 1
}

build() {
	case $(node --version) in v[0-9].* | v1[0-7].*) fail "Node.js $(node --version) is too old" 'install Node.js 20 or later (https://nodejs.org)' ;; esac
	command -v npm >/dev/null || fail 'npm was not found, and the program is not built yet' 'install npm (Debian: apt-get install npm), or install the npm package trustme-pki'
	cd -- "$root"
	bash scripts/install.sh || fail 'npm ci failed' 'look at the lines above; npm needs the network once'
	echo 'trustme-pki: building' >&2
	npm run --silent build >&2 || fail 'the build failed' 'look at the lines above'
}

command -v node >/dev/null || fail 'node was not found' 'install Node.js 20 or later (Debian: apt-get install nodejs)'

if is_stale && { [ -w "$root" ] || [ ! -e "$root/dist/main.cjs" ]; }; then
	[ -w "$root" ] || fail "the program is not built, and $root is read-only" 'build it once: npm ci && npm run build'
	# One caller builds, the others wait for it. The lock is on a file that is there: nothing is left behind.
	(
		flock 9
		if is_stale; then build; fi
	) 9<"$root/package.json" </dev/null || exit 1
fi

# node itself would read the caller's openssl.cnf, and end where that is broken; and, for 40 ms, the certificates of sites.
unset OPENSSL_CONF NODE_EXTRA_CA_CERTS

# node sets every signal to its default when it starts: without this, nohup would keep no hangup away. SIGHUP is bit 0 of
# the mask (proc(5)).
if [ -r /proc/$$/status ]; then
	read -rd '' status </proc/$$/status || :
	[[ ! $status =~ SigIgn:[[:space:]]*[0-9a-f]*[13579bdf][[:space:]] ]] || export TRUSTME_PKI_NOHUP=y
fi

door=${TRUSTME_PKI_DOOR:-gen_dev_certs.sh}
[ "$door" != trustme-pki ] || exec node "$root/dist/main.cjs" "$@"

case $here in
*/node_modules/*) default_dir=test_certificates ;;
*) default_dir=$here/test_certificates ;;
esac

exec node "$root/dist/main.cjs" "$door" "$default_dir" "$@"
