#!/usr/bin/env bash
# Starts what the kind of store needs, then runs the benchmark. Without --kind: all kinds, one line each.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
# shellcheck source=test/support/setup.sh
. "$top/test/support/setup.sh"
executable=$1
shift
case " $* " in
*" --kind "*) ;;
*)
    for kind in $("$executable" --kind none 2>&1 | sed 's/.*--kind//'); do
        bash "$0" "$executable" --kind "$kind" "$@"
    done
    exit
    ;;
esac
case " $* " in
*redis*)
    {
        install_missing redis-server=redis-server
        use_node install || fail "the store benchmark needs Node.js 20 or newer"
        if [ ! "$here/peers/node_modules/.package-lock.json" -nt "$here/peers/package-lock.json" ]; then
            (cd "$here/peers" && npm ci --silent --no-audit --no-fund </dev/null)
            touch "$here/peers/node_modules/.package-lock.json"
        fi
    } >&2
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    redis-server --port "$port" --bind 127.0.0.1 --save '' --dir /tmp >/dev/null 2>&1 &
    server=$!
    trap 'kill $server' EXIT
    until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.05; done
    export ASSENT_BENCH_REDIS_PORT=$port
    ;;
esac
ASSENT_BENCH_PEERS=$here/peers "$executable" "$@"
