#!/usr/bin/env bash
# `sam build` for both architectures: the size of the archive, the C library that the program needs, and the tests that
# run the program. The arm64 program runs in QEMU.
source "$(dirname "$0")/../lib.sh"

# Lets rustc compile for arm64: with rustup's target, or where rustup cannot download with Debian's compiler, which is
# unpacked into the cache so that the system does not get another architecture.
arm64_compiler() {
  rustup target add aarch64-unknown-linux-gnu 2> "$work/rustup" && return
  local debian="$cache/debian-rust" package std
  export APT_CONFIG="$cache/apt.conf"
  if [[ ! -x "$debian/usr/bin/rustc" ]]; then
    mkdir -p "$cache"/apt/{lists,archives}/partial "$cache/debs"
    printf '%s;\n' 'APT::Architectures { "amd64"; "arm64"; }' 'APT::Sandbox::User "root"' \
      "Dir::State::lists \"$cache/apt/lists\"" "Dir::Cache \"$cache/apt\"" > "$APT_CONFIG"
    apt-get update -qq
    std="$(dependency libstd-rust-web-dev:amd64 libstd-rust-web-)"
    (cd "$cache/debs" && apt-get download -qq rustc-web libstd-rust-web-dev:{amd64,arm64} "$std:amd64" \
      "$(dependency "$std:amd64" libllvm):amd64")
    for package in "$cache"/debs/*.deb; do dpkg -x "$package" "$debian.new"; done
    mv "$debian.new" "$debian"
  fi
  # cargo-lambda would look for rustup's target. Results of another compiler are of no use.
  export RUSTC="$debian/usr/bin/rustc" LD_LIBRARY_PATH="$debian/usr/lib/x86_64-linux-gnu" RUSTUP=none \
    CARGO_TARGET_DIR="$CARGO_TARGET_DIR-arm64"
}

# Prints the package that another one depends on.
dependency() { # package, start of the dependency's name
  apt-cache depends "$1" | sed -n "s/^ *Depends: \($2[^:]*\).*/\1/p" | head -n 1
}

check_program() { # architecture as readelf names it, program for the tests
  readelf --file-header "$bootstrap" | grep -q "Machine: .*$1" || fail "the program is not for $1"
  local size glibc
  python3 -m zipfile -c "$work/bootstrap.zip" "$bootstrap"
  size="$(stat --format %s "$work/bootstrap.zip")"
  glibc="$(readelf --version-info --wide "$bootstrap" | grep -o 'GLIBC_[0-9.]*' | sort --version-sort | tail -n 1)"
  echo "$1: program $(stat --format %s "$bootstrap") bytes, zip $size bytes, needs $glibc"
  # A larger archive takes longer to load.
  [[ $size -le 2600000 ]] || fail 'the zip is larger than 2.6 MB'
  # provided.al2023 has 2.34.
  printf '%s\n' "$glibc" GLIBC_2.34 | sort --version-sort --check=quiet || fail 'provided.al2023 has no such C library'
  BOOTSTRAP="$2" cargo test --locked --test update_customer -- process::invocations process::start_up
}

documented 'sam build && sam deploy' README.md
system_program readelf binutils
system_program qemu-aarch64-static qemu-user-static
[[ -d /usr/aarch64-linux-gnu/lib ]] || system_package libc6-arm64-cross

# Without arguments, as in the README. In a subshell, because the tests are for this machine's compiler.
(
  arm64_compiler
  sam_build
)
# Lambda's processors are at least Neoverse N1 (Graviton2).
printf '#!/bin/sh\nexec %s -cpu neoverse-n1 -L /usr/aarch64-linux-gnu "%s"\n' \
  "$(command -v qemu-aarch64-static)" "$bootstrap" > "$work/bootstrap"
chmod +x "$work/bootstrap"
check_program AArch64 "$work/bootstrap"

sam_build --parameter-overrides Architecture=x86_64
check_program X86-64 "$bootstrap"
