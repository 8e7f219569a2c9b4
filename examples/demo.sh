#!/usr/bin/env bash
# Builds and starts the demonstration: a local tenant and an agent server with a chat page, on this machine alone. On Debian 12 it first
# installs what is missing.
#
# usage: examples/demo.sh [--no-install] [OPTION...]
#   --script   tells the whole story in the terminal, with a scripted person, and ends; other options: agent_server --help
# usage: examples/demo.sh [--no-install] ciba|rar|device|composition|interrupts [OPTION_OF_THE_EXAMPLE...]
#   runs one example against a real OpenID provider (node-oidc-provider):
#   ciba         a person confirms purchases on their phone
#   rar          the same with rich authorization requests
#   device       a person signs in on another device
#   composition  policies, a phone and another device together
#   interrupts   an agent whose run is interrupted and resumed
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
case ${1:-} in -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
# shellcheck source=test/support/setup.sh
. "$top/test/support/setup.sh"

if [ "${1:-}" = --no-install ]; then
    shift
else
    install=yes
fi
example=agent_server
case ${1:-} in ciba | rar | device | composition | interrupts) example=$1; shift ;; esac
if [ -n "${install:-}" ]; then
    install_missing "${build_packages[@]}"
    [ $example = agent_server ] || install_interop
fi

examples=${ASSENT_EXAMPLES:-} # a folder of built examples; without it they are built here
build_example() {
    [ -z "$examples" ] || return 0
    local preset=demo
    [ "${CI:-}" != true ] || preset=ci
    build "$preset" "example_$example"
    examples=$top/build/$preset/examples
}

if [ $example = agent_server ]; then
    echo "The demonstration: a local tenant and an agent server. The first build takes some minutes, later ones seconds."
    began=$SECONDS
    build_example
    say "starting, after $((SECONDS - began)) s"
    exec "$examples/agent_server" "$@"
fi

use_node || fail "the provider needs Node.js 20 or newer"
[ -d "$top/test/interop/node_modules" ] || fail "test/interop/node_modules is missing: run npm ci in test/interop"

build_example

say "starting the provider"
work=$(mktemp -d)
provider=
finish() {
    [ -z "$provider" ] || kill "$provider" 2>/dev/null || true
    [ -z "$provider" ] || wait "$provider" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
node "$top/test/interop/oidc_provider.mjs" --port 0 --interval 1 \
    >"$work/ready" 2>"$work/log" </dev/null &
provider=$!
for _ in $(seq 150); do
    [ ! -s "$work/ready" ] || break
    kill -0 "$provider" 2>/dev/null || { cat "$work/log" >&2; fail "the provider did not start"; }
    sleep 0.1
done
[ -s "$work/ready" ] || { cat "$work/log" >&2; fail "the provider did not start in 15 seconds"; }
member() { python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$(head -n 1 "$work/ready")" "$1"; }
issuer=$(member issuer)
admin=$(member admin)
echo "issuer $issuer"

say "running the example"
status=0
case $example in
ciba | rar | composition | interrupts) client=post; export CLIENT_SECRET=post-secret-0123456789abcdef0123456789 ;;
device) client=public; unset CLIENT_SECRET ;;
esac
"$examples/$example" --issuer "$issuer" --client-id "$client" --admin "$admin" "$@" </dev/null || status=$?
[ $status -eq 0 ] || { echo "the provider said:" >&2; tail -n 20 "$work/log" >&2; }
exit $status
