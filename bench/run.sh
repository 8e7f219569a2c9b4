#!/usr/bin/env bash
# Runs a benchmark and prints its result as one line of JSON; what it builds first it says on standard error.
#
# usage: bench/run.sh NAME [OPTION...]     bench/NAME.cpp, with its own options (bench/run.sh NAME --help)
#        bench/run.sh all                  all of them with their defaults, one line each
#
# A benchmark that needs other programs (node, wrk) has a bench/NAME.sh, which is run with the executable's path.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
[ $# -ge 1 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
# shellcheck source=test/support/setup.sh
. "$top/test/support/setup.sh"

names=("$1")
shift
if [ "${names[0]}" = all ]; then
    names=()
    for source in "$top"/bench/*.cpp; do
        source=${source##*/}
        names+=("${source%.cpp}")
    done
fi
for name in "${names[@]}"; do
    [ -f "$top/bench/$name.cpp" ] || fail "no benchmark $name; there are: $(cd "$top/bench" && echo *.cpp | sed 's/\.cpp//g')"
done

{
    install_missing "${build_packages[@]}" "${test_packages[@]}"
    use_node || true
    build release "${names[@]/#/bench_}"
} >&2
for name in "${names[@]}"; do
    executable=$top/build/release/bench/bench_$name
    if [ -f "$top/bench/$name.sh" ]; then
        bash "$top/bench/$name.sh" "$executable" "$@"
    else
        "$executable" "$@"
    fi
done
