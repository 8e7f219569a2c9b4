#!/usr/bin/env bash
# Puts the OpenFGA server and its JavaScript client in place, then runs the fga_real benchmark.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
# shellcheck source=test/support/setup.sh
. "$top/test/support/setup.sh"
{
    use_node install || fail "the fga_real benchmark needs Node.js 20 or newer"
    if [ ! "$here/peers/node_modules/.package-lock.json" -nt "$here/peers/package-lock.json" ]; then
        (cd "$here/peers" && npm ci --silent --no-audit --no-fund </dev/null)
        touch "$here/peers/node_modules/.package-lock.json"
    fi
    install_openfga
    # shellcheck disable=SC2154
    [ -x "$openfga" ] || { echo "fga_real is skipped: there is no OpenFGA server"; exit 0; }
} >&2
executable=$1
shift
ASSENT_OPENFGA=$openfga ASSENT_BENCH_PEERS=$here/peers exec "$executable" "$@"
