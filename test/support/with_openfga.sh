#!/usr/bin/env bash
# Runs a command beside an OpenFGA server that keeps everything in memory, on free ports of this machine. Its address is in FGA_API_URL.
#
# usage: test/support/with_openfga.sh COMMAND...
#
# Ends as the command does; with 77 when the server is not installed, except where CI is true: there it has to be.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=test/support/setup.sh
. "$top/test/support/setup.sh"

server=${ASSENT_OPENFGA:-$openfga}
if [ ! -x "$server" ]; then
    [ "${CI:-}" != true ] || fail "the OpenFGA server is not at $server"
    echo "skipped: the OpenFGA server is not installed (test/run.sh builds it where Go is)"
    exit 77
fi

work=$(mktemp -d)
pid=
finish() {
    [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
    [ -z "$pid" ] || wait "$pid" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

free_ports() {
    python3 -c '
import socket
held = [socket.socket() for _ in range(2)]
for each in held: each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in held))'
}
healthy() { python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1] + "/healthz", timeout=1)' "$1" 2>/dev/null; }

started=
for _ in 1 2 3; do # somebody may take a port between its choice and its use
    read -r http grpc <<<"$(free_ports)"
    setpriv --pdeathsig=KILL "$server" run --datastore-engine=memory --http-addr="127.0.0.1:$http" --grpc-addr="127.0.0.1:$grpc" \
        --playground-enabled=false --metrics-enabled=false --log-level=error >"$work/log" 2>&1 </dev/null &
    pid=$!
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || break
        ! healthy "http://127.0.0.1:$http" || { started=yes; break; }
        sleep 0.1
    done
    [ -z "$started" ] || break
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    pid=
done
[ -n "$started" ] || { cat "$work/log" >&2; fail "the OpenFGA server did not start"; }

export FGA_API_URL=http://127.0.0.1:$http
status=0
"$@" </dev/null || status=$?
[ $status -eq 0 ] || { echo "the OpenFGA server said:" >&2; tail -n 20 "$work/log" >&2; }
exit $status
