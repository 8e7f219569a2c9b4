#!/bin/sh
# usage: pkg_config.sh SOURCE EXECUTABLE COMPILER : builds a user's program with pkg-config's flags and runs it
set -eu
# shellcheck disable=SC2046  # the flags are words
"$3" $(pkg-config --cflags assent-http) "$1" -o "$2" $(pkg-config --libs assent-http)
"$2"
