#!/bin/bash
# Stands in the place of GyroidOS' sign_config.sh: -c CONFIG -k KEY --cert CERT [-p NAME] [--cms], or CONFIG KEY CERT.
# Started by "sh", which may be no bash.
[ "${BASH_VERSION-}" ] || exec bash -- "$0" "$@"
set -eu
self=${BASH_SOURCE[0]}
[ ! -L "$self" ] || self=$(readlink -f -- "$self")
case $self in */*) here=${self%/*} ;; *) here=. ;; esac
case $#:${1-} in
3:[!-]*) set -- -c "$1" -k "$2" --cert "$3" ;;
esac
TRUSTME_PKI_DOOR=trustme-pki exec bash "$here/gen_dev_certs.sh" sign config "$@"
