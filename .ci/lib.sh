# shellcheck shell=bash disable=SC2034  # Steps use the variables that are set here.
# Common functions of the CI steps. A step sources this file first and then runs in the root of the clone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Build results, tools and Python environments are kept outside the clone. All of it can be deleted at any time.
cache="${XDG_CACHE_HOME:-$HOME/.cache}/update-customer"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
export PATH="$cache/tools/bin:$PATH"
mkdir -p "$cache"

# A folder for the step's own files.
work="$(mktemp -d)"

# Ends the step's background processes and deletes its files.
cleanup() {
  local pid
  for pid in $(jobs -pr); do stop "$pid" || true; done
  rm -rf "$work"
}
trap cleanup EXIT

fail() {
  printf 'FAILED: %s\n' "$1" >&2
  exit 1
}

# Interrupts a process, waits up to 10 seconds for its end, then kills it. Returns its exit status.
stop() { # pid
  kill -INT "$1" 2> /dev/null || true
  timeout 10 tail --pid="$1" --sleep-interval=0.1 -f /dev/null || kill -KILL "$1" 2> /dev/null || true
  wait "$1" 2> /dev/null
}

# Fails unless one of the documents has exactly this line.
documented() { # line, documents
  grep -qxF -- "$1" "${@:2}" || fail "no such line in ${*:2}: $1"
}

# Waits up to two minutes for a line in a process's output.
wait_for_line() { # file, pattern, pid
  grep -q -- "$2" < <(timeout 120 tail --pid="$3" --lines=+1 -f "$1") \
    || { cat "$1"; fail "the process ended, or two minutes passed, before it printed: $2"; }
}

# Prints free TCP ports, below the range from which the kernel takes ports for outgoing connections.
free_ports() { # how many
  local port ports=()
  for port in $(shuf --head-count=100 --input-range=20000-29999); do
    (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null || ports+=("$port")
  done
  echo "${ports[@]:0:$1}"
}

# Creates a Python environment in the cache, and installs what it lacks.
python_environment() { # name, packages
  python3 -c 'import ensurepip, venv' 2> /dev/null || system_package python3-venv
  [[ -x "$cache/$1/bin/pip" ]] || python3 -m venv "$cache/$1"
  "$cache/$1/bin/pip" install --quiet --disable-pip-version-check "${@:2}"
}

# Installs a cargo tool into the cache if it is missing or has another version.
cargo_tool() { # name, version if one is required
  if command -v "$1" > /dev/null && [[ $# -eq 1 || "$("$1" --version)" == *" $2"* ]]; then return; fi
  cargo install --quiet --locked --root "$cache/tools" --target-dir "$cache/tools-target" "$1${2:+@$2}"
}

# Installs cargo-lambda and its linker into the cache if they are missing, and puts them on the PATH.
cargo_lambda() {
  python_environment lambda-venv cargo-lambda==1.9.2 ziglang==0.17.1
  export PATH="$cache/lambda-venv/bin:$PATH"
}

# Installs the SAM CLI and the tests of the template into the cache if they are missing.
template_environment() {
  python_environment template-venv aws-sam-cli==1.170.0 aws-sam-translator==1.115.0 cfn-lint==1.58.0 pytest==9.2.0
}

# Builds the function as a deployment does, and puts the program here:
bootstrap="$PWD/.aws-sam/build/UpdateCustomerFunction/bootstrap"
sam_build() { # arguments of sam build
  template_environment
  cargo_lambda
  SAM_CLI_TELEMETRY=0 "$cache/template-venv/bin/sam" build "$@"
}

# Makes sure that a program is there.
system_program() { # program, Debian package if it has another name
  command -v "$1" > /dev/null || system_package "${2:-$1}"
}

# Installs a Debian package as root or in CI. Otherwise only says what is missing.
system_package() { # package
  local sudo=sudo
  [[ $EUID -ne 0 ]] || sudo=
  [[ $EUID -eq 0 || "${CI:-}" == true ]] && command -v apt-get > /dev/null \
    || fail "this step needs the package $1; on Debian and Ubuntu: sudo apt-get install $1"
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" > /dev/null
}

# Installs a folder's npm packages if they are missing or older than the lock file.
npm_packages() { # folder
  system_program npm
  [[ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ]] \
    || npm ci --prefix "$1" --silent --no-audit --no-fund
}

# The customer in the local example's tables.
customer=638df9e713920facde1a1cfa

# Starts the local example on free ports and waits until it listens. Sets `api` (its URL), `api_port`, `dynamodb_url`,
# `example_pid` and `example_output` (a file).
start_local_example() {
  local dynamodb_port
  read -r api_port dynamodb_port <<< "$(free_ports 2)"
  api="http://127.0.0.1:$api_port"
  dynamodb_url="http://127.0.0.1:$dynamodb_port"
  example_output="$work/example"
  cargo build --locked --example local
  # The built program instead of `cargo run`: signals must reach it.
  "$CARGO_TARGET_DIR/debug/examples/local" --port "$api_port" --dynamodb-port "$dynamodb_port" \
    > "$example_output" 2>&1 &
  example_pid=$!
  wait_for_line "$example_output" 'cargo lambda watch' "$example_pid"
}

# Builds a program of the workspace and sets `program` to its path.
build_program() { # package
  cargo build --locked --package "$1"
  program="$CARGO_TARGET_DIR/debug/$1"
}

# Runs the curl lines that the local example printed. The comment above a line starts with the expected status.
run_curl_lines() { # URL to use instead of the local example's
  local title='' count=0 line status
  system_program curl
  while IFS= read -r line; do
    [[ "$line" != '# '[0-9]* ]] || title="$line"
    [[ "$line" == curl* ]] || continue
    # `eval` does what a reader does who pastes the line.
    status="$(eval "${line//"$api"/"$1"} -s -o '$work/response' -w '%{http_code}'")"
    [[ "$title" == "# $status: "* ]] || { cat "$work/response"; fail "$title: got status $status from $1"; }
    echo "ok  $1  $title"
    count=$((count + 1))
  done < "$example_output"
  [[ $count -eq 4 ]] || fail "expected 4 curl lines, found $count"
}
