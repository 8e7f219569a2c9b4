#!/usr/bin/env bash
# Builds assent and runs its tests. On Debian 12 it first installs what is missing.
#
# usage: test/run.sh [--preset NAME] [--no-install] [-- CTEST_OPTION...]
#
#   --preset NAME   ci (the default: everything, built soonest), dev (to work on it), release, asan, ubsan, tsan, clang
#   --no-install    installs nothing; what is missing makes the build fail
#   -- OPTION...    for ctest, for example: -- -L unit, or: -- -R ciba
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)

preset=ci
install=yes
while [ $# -gt 0 ]; do
    case $1 in
    --preset) preset=${2:?--preset needs a name}; shift ;;
    --preset=*) preset=${1#*=} ;;
    --no-install) install=no ;;
    --) shift; break ;;
    -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "unknown option $1; see test/run.sh --help" >&2; exit 2 ;;
    esac
    shift
done

# shellcheck source=test/support/setup.sh
. "$top/test/support/setup.sh"

# ThreadSanitizer needs an address space with less randomness than some kernels give; the children inherit it.
if [ "$preset" = tsan ] && [ -z "${ASSENT_FIXED_ADDRESSES:-}" ] &&
    [ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)" -gt 28 ] && setarch -R true 2>/dev/null; then
    ASSENT_FIXED_ADDRESSES=1 exec setarch -R "$0" --preset tsan $([ $install = yes ] || echo --no-install) -- "$@"
fi

if [ $install = yes ]; then
    packages=("${build_packages[@]}" "${test_packages[@]}")
    [ "$preset" != clang ] || packages+=("${clang_packages[@]}")
    [ "$preset" != ci ] || packages+=("${browser_packages[@]}")
    install_missing "${packages[@]}"
    case $preset in asan | tsan | ubsan | clang) ;; *) install_interop; install_openfga; install_valkey ;; esac
fi
use_node || true

export ASSENT_OPENFGA=$openfga ASSENT_VALKEY=$valkey
build "$preset"
say "testing $preset"
ctest --test-dir "$top/build/$preset" --output-on-failure --no-tests=error -j "$(nproc)" "$@" </dev/null
