#!/usr/bin/env bash
# Installs what tests and developers' builds need from Debian or Ubuntu, and nothing that is there already.
#
# usage: install-peers.sh [peers] [build] [fuzz]      (peers when nothing is named)
#   peers  the foreign programs of the interoperability tests: OpenSSL, GnuTLS, Qt
#   build  compiler, make, Python and CMake
#   fuzz   clang with libFuzzer, and OpenSSL's headers
set -euo pipefail

peers=(openssl gnutls-bin python3-pyside2.qtnetwork)
build=(g++ make python3 cmake)
fuzz=(clang libclang-rt-14-dev libssl-dev cmake make)

wanted=()
for group in "${@:-peers}"; do
  case "$group" in
    peers) wanted+=("${peers[@]}") ;;
    build) wanted+=("${build[@]}") ;;
    fuzz) wanted+=("${fuzz[@]}") ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "Installing ${missing[*]} ..." >&2
if ! { "${as_root[@]}" apt-get update -qq &&
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
  cat "$log" >&2
  exit 1
fi
