#!/usr/bin/env bash
# Puts the OpenFGA clients that the fga_batch benchmark compares with in place, then runs it. Without Go it compares with Node.js only.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
# shellcheck source=test/support/setup.sh
. "$top/test/support/setup.sh"
{
    use_node install || fail "the fga_batch benchmark needs Node.js 20 or newer"
    if [ ! "$here/peers/node_modules/.package-lock.json" -nt "$here/peers/package-lock.json" ]; then
        (cd "$here/peers" && npm ci --silent --no-audit --no-fund </dev/null)
        touch "$here/peers/node_modules/.package-lock.json"
    fi
    if command -v go >/dev/null; then
        (cd "$here/peers/fga" && go build -o "$top/build/bench/fga_go_peer" .)
        export ASSENT_BENCH_GO_PEER=$top/build/bench/fga_go_peer
    else
        echo "Go is not installed: no comparison with OpenFGA's Go client"
    fi
} >&2
executable=$1
shift
ASSENT_BENCH_PEERS=$here/peers exec "$executable" "$@"
