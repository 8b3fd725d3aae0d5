# Sourced by examples/run, tests/run and .ci/run, from the top of the project:
# installs what they need and runs their stages. Safe to source again.

export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}
target=${CARGO_TARGET_DIR:-$PWD/target}
RUST_WANTED=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
readonly NODE_WANTED=20.14

fail() {
    echo "error: $*" >&2
    exit 1
}

# have COMMAND: whether it can be run.
have() { command -v "$1" >/dev/null; }

# at_least VERSION WANTED: whether VERSION is WANTED or newer.
at_least() { [ "$(printf '%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# need_packages NAME...: installs the Debian packages that are missing.
need_packages() {
    local missing=() name root=()
    for name; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return
    have apt-get || fail "install these packages first: ${missing[*]}"
    [ "$(id -u)" -eq 0 ] || root=(sudo)
    echo "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    timeout -k 10 300 "${root[@]}" apt-get -qq update
    timeout -k 10 600 "${root[@]}" apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "could not install ${missing[*]}"
}

# need_rust: cargo, by rustup if there is none.
need_rust() {
    [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
    if ! have cargo; then
        need_packages ca-certificates curl
        echo "installing Rust by rustup"
        timeout -k 10 900 bash -c 'set -o pipefail
            curl --proto "=https" --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal -c clippy -c rustfmt' ||
            fail "could not install Rust; see https://rustup.rs, then run this again"
        . "$HOME/.cargo/env"
    fi
    local version
    version=$(cargo --version | cut -d ' ' -f 2)
    at_least "$version" "$RUST_WANTED" || fail "cargo $version is too old; Rust $RUST_WANTED is needed: rustup update stable"
}

# build_release: builds the library and the simulator, optimised. The library has a call of its own: in one call, cargo would
# build what both depend on with the features that the simulator needs.
build_release() {
    cargo build --release --locked && cargo build --release --locked -p wa-sim
}

# need_go MODULE: a Go that builds the module in that folder, of the version that its go.mod names. One that is older fetches
# the right one itself, from Go 1.21 on.
need_go() {
    local wanted version
    wanted=$(sed -n 's/^go //p' "$1/go.mod")
    [ -x /usr/local/go/bin/go ] && PATH=$PATH:/usr/local/go/bin
    have go || need_packages golang-go
    version=$(cd "$1" && go env GOVERSION 2>/dev/null) || version=$(cd / && go env GOVERSION)
    at_least "${version#go}" "$wanted" || fail "Go $wanted is needed (found: $version); see https://go.dev/dl"
}

# need_node: Node and npm for tests/interop/baileys.
need_node() {
    have node && have npm || need_packages nodejs npm
    local version
    version=$(node --version)
    at_least "${version#v}" "$NODE_WANTED" || fail "Node $NODE_WANTED is needed (found: $version); see https://nodejs.org"
}

# free_port: a port of 127.0.0.1 at which nobody listens, another one in each process, below those that the system gives out.
free_port() {
    local port=$((20000 + $$ % 12000))
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
    echo "$port"
}

# need_pythons: sets `pythons` to one interpreter of each CPython from 3.9 on that this machine has, Debian's first.
need_pythons() {
    local python version seen=" "
    need_packages python3 python3-venv
    pythons=()
    for python in /usr/bin/python3 /usr/bin/python3.[0-9]* "$HOME"/.pyenv/versions/3.*/bin/python; do
        [[ -x $python && $python != *config ]] || continue
        version=$(python_version "$python")
        at_least "$version" 3.9 && [[ $seen != *" $version "* ]] || continue
        "$python" -c 'import ssl, ensurepip, ctypes' 2>/dev/null || continue
        pythons+=("$python")
        seen+="$version "
    done
    [ ${#pythons[@]} -gt 0 ] || fail "Python 3.9 or later is needed"
}

# python_version PYTHON: its version in two numbers, with a t behind them if it is free-threaded.
python_version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2] + sys.abiflags.strip("dm"))'; }

stages_passed=0
stages_failed=()

# What the failures of all kinds of tests look like.
readonly FAILURE='^[[:space:]]*(--- FAIL|panic:|not ok |FAILED |ERROR |error(\[|:)|test .* FAILED$|.* panicked at )'

# stage NAME SECONDS COMMAND...: runs the command, for no longer than that, and remembers how it went.
stage() {
    local name=$1 limit=$2 started=$SECONDS status=0 output shown
    shift 2
    output=$(mktemp)
    printf '\n==> %s\n' "$name"
    exec {shown}> >(tee "$output")
    timeout -k 10 "$limit" "$@" </dev/null >&"$shown" 2>&1 {shown}>&- || status=$?
    exec {shown}>&-
    # Until all is shown; what a command left running may keep that open.
    timeout 5 tail -s 0.05 --pid=$! -f /dev/null
    if [ "$status" -eq 0 ]; then
        stages_passed=$((stages_passed + 1))
        echo "<== $name: passed in $((SECONDS - started)) s"
    else
        stages_failed+=("$name" "$(grep -E "$FAILURE" "$output" | head -n 12 | cut -c 1-160)")
        [ "$status" -eq 124 ] && echo "stopped after $limit s"
        echo "<== $name: FAILED in $((SECONDS - started)) s"
    fi
    rm -f "$output"
    return "$status"
}

# summary: the closing lines, with what is known of each failure; fails if a stage failed.
summary() {
    local i failed=$((${#stages_failed[@]} / 2))
    echo
    for ((i = 0; i < ${#stages_failed[@]}; i += 2)); do
        echo "failed: ${stages_failed[i]}"
        [ -z "${stages_failed[i + 1]}" ] || sed 's/^[[:space:]]*/    /' <<<"${stages_failed[i + 1]}"
    done
    echo "$stages_passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
