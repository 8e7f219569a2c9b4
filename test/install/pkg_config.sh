#!/bin/sh
# usage: pkg_config.sh SOURCE EXECUTABLE COMPILER... : builds a user's program with pkg-config's flags and runs it
set -eu
source=$1
executable=$2
shift 2
flags=$(pkg-config --cflags assent-http assent-testing)
libraries=$(pkg-config --libs assent-http assent-testing)
# shellcheck disable=SC2086  # the flags are words
"$@" $flags -c "$source" -o "$executable.o"
# shellcheck disable=SC2086
while [ "$1" = env ] || [ "${1%%=*}" != "$1" ]; do shift; done
case $1 in *ccache) shift ;; esac
"$@" "$executable.o" -o "$executable" $libraries
"$executable"
