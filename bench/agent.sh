#!/usr/bin/env bash
# Puts Genkit, which the agent benchmark compares with, in place, then runs it. Without Node.js it compares with nothing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
# shellcheck source=test/support/setup.sh
. "$top/test/support/setup.sh"
{
    use_node install || fail "the agent benchmark needs Node.js 20 or newer"
    if [ ! "$here/peers/node_modules/.package-lock.json" -nt "$here/peers/package-lock.json" ]; then
        (cd "$here/peers" && npm ci --silent --no-audit --no-fund </dev/null)
        touch "$here/peers/node_modules/.package-lock.json"
    fi
} >&2
executable=$1
shift
ASSENT_BENCH_PEERS=$here/peers exec "$executable" "$@"
