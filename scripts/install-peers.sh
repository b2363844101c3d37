#!/usr/bin/env bash
# Installs what tests and developers' builds need from Debian or Ubuntu, and nothing that is there already.
#
# usage: install-peers.sh [peers] [mbedtls] [build] [fuzz]      (peers when nothing is named)
#   peers    the foreign programs of the interoperability tests: OpenSSL, GnuTLS (and its headers, for the benchmark),
#            Qt; and all of mbedtls
#   mbedtls  Debian 13's mbedTLS, unpacked into build-dev/mbedtls and not installed, and a C compiler
#   build    compiler, make, Python and CMake
#   fuzz     clang with libFuzzer, and OpenSSL's headers
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

peers=(openssl gnutls-bin libgnutls28-dev python3-pyside2.qtnetwork)
mbedtls=(gcc libc6-dev)
build=(g++ make python3 cmake)
fuzz=(clang libclang-rt-14-dev libssl-dev cmake make)

mbedtls_folder=build-dev/mbedtls
mbedtls_suite=trixie

wanted=()
with_mbedtls=false
for group in "${@:-peers}"; do
  case "$group" in
    peers) wanted+=("${peers[@]}" "${mbedtls[@]}"); with_mbedtls=true ;;
    mbedtls) wanted+=("${mbedtls[@]}"); with_mbedtls=true ;;
    build) wanted+=("${build[@]}") ;;
    fuzz) wanted+=("${fuzz[@]}") ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log

install_packages() {
  local package status missing=() as_root=()
  for package in "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
  done
  [ "${#missing[@]}" -eq 0 ] && return

  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  echo "Installing ${missing[*]} ..." >&2
  if ! { "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    exit 1
  fi
}

# apt with package lists of its own, so that the machine's stay as they are.
aside() {
  apt-get -qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$scratch/sources" \
    -o Dir::State::Lists="$scratch/lists" -o Dir::Cache="$scratch/cache" "$@"
}

# The archives of the machine's own Debian, under the name of the suite that is wanted.
write_sources() {
  local codename keyring=/usr/share/keyrings/debian-archive-keyring.gpg uri suite component
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  apt-get --no-release-info indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    sort -u | while read -r uri suite component; do
      case "$component $suite" in
        "main $codename" | "main $codename-security")
          echo "deb$([ ! -e "$keyring" ] || echo " [signed-by=$keyring]")" \
            "$uri ${suite/#$codename/$mbedtls_suite} main" ;;
      esac
    done >"$scratch/sources/aside.list"
  [ -s "$scratch/sources/aside.list" ] || { echo "no apt source of this machine is Debian's"; return 1; }
}

fetch_mbedtls() {
  # Not readable for root alone: apt downloads as a user of its own.
  chmod 755 "$scratch"
  mkdir -p "$scratch"/{sources,packages,lists/partial,cache/archives/partial} &&
    write_sources &&
    aside update &&
    (cd "$scratch/packages" && aside download libmbedtls-dev) &&
    rm -rf "$mbedtls_folder" "$mbedtls_folder.new" &&
    mkdir -p "$mbedtls_folder.new" &&
    dpkg -x "$scratch"/packages/libmbedtls-dev_3.*.deb "$mbedtls_folder.new" &&
    mv "$mbedtls_folder.new" "$mbedtls_folder"
}

install_packages "${wanted[@]}"
if $with_mbedtls && [ ! -e "$mbedtls_folder" ]; then
  echo "Unpacking Debian's mbedTLS 3 ..." >&2
  if ! fetch_mbedtls >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    echo "mbedTLS 3 could not be had from $mbedtls_suite in the archives of this machine's apt sources" >&2
    exit 1
  fi
fi
