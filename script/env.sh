# Sourced by the scripts: what they share. Prints what it does, asks nothing, works as root and with sudo.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# A build machine builds once: what rustc keeps to build the next change sooner is gigabytes there for nothing.
[ -z "${CI:-}" ] || export CARGO_INCREMENTAL=0

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

# Runs a command as root.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "error: these packages are missing and neither root nor sudo is at hand: $*" >&2
        exit 1
    fi
}

# Installs those of the Debian packages that are missing; quick when none is.
need_packages() {
    command -v dpkg-query >/dev/null || {
        echo "error: this script installs Debian packages; on another system install their like by hand: $*" >&2
        exit 1
    }
    local missing=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    say "installing ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
}

need_rust() {
    if ! command -v cargo >/dev/null; then
        # shellcheck disable=SC1091
        [ -e "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
    fi
    command -v cargo >/dev/null || {
        echo "error: Rust is missing: install it from https://rustup.rs (version 1.94 or newer), then run this again" >&2
        exit 1
    }
}

# What building and running needs: Tesseract 5 with Vietnamese, Leptonica, clang for the bindings, the strip's typeface.
build_packages=(
    build-essential pkg-config clang libclang-dev libtesseract-dev libleptonica-dev
    tesseract-ocr tesseract-ocr-vie tesseract-ocr-eng
)
# Liberation Serif with Vietnamese letters is version 2: a package of its own in Debian 12, fonts-liberation since.
if apt-cache show fonts-liberation2 >/dev/null 2>&1; then
    build_packages+=(fonts-liberation2)
else
    build_packages+=(fonts-liberation)
fi
