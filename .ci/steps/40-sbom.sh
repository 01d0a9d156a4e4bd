#!/usr/bin/env bash
# The software bill of materials: it lists the crates that cargo compiles for the function, and no others.
# The result is in target/update-customer.cdx.json.
source "$(dirname "$0")/../lib.sh"

cargo_tool cargo-cyclonedx
cargo fetch --locked

# cargo-cyclonedx also lists crates of features that only dev-dependencies or other packages of the workspace enable.
# So it reads a manifest with the dependencies of the function alone, and the same lock file.
mkdir -p "$work/function/src"
cp Cargo.lock "$work/function/"
echo 'fn main() {}' > "$work/function/src/main.rs"
cargo metadata --locked --no-deps --format-version 1 > "$work/metadata"
python3 - "$work/metadata" > "$work/function/Cargo.toml" << 'END'
import json, sys

packages = json.load(open(sys.argv[1]))["packages"]
package = next(package for package in packages if package["name"] == "update-customer")
print("[package]")
for key in ["name", "version", "edition", "description"]:
    print(f"{key} = {json.dumps(package[key])}")
for dependency in package["dependencies"]:
    if dependency["kind"] == "dev":
        continue
    target = f"target.{json.dumps(dependency['target'])}." if dependency["target"] else ""
    kind = "build-dependencies" if dependency["kind"] == "build" else "dependencies"
    print(f"[{target}{kind}.{dependency['rename'] or dependency['name']}]")
    print(f"package = {json.dumps(dependency['name'])}")
    print(f"version = {json.dumps(dependency['req'])}")
    print(f"features = {json.dumps(dependency['features'])}")
    print(f"default-features = {json.dumps(dependency['uses_default_features'])}")
END
cargo cyclonedx --quiet --manifest-path "$work/function/Cargo.toml" --format json --spec-version 1.5 \
  --override-filename update-customer.cdx
mkdir -p target
sed "s|$work/function|/update-customer|g" "$work/function/update-customer.cdx.json" > target/update-customer.cdx.json

cargo build --locked --package update-customer --bin update-customer --message-format=json > "$work/built"
python3 - target/update-customer.cdx.json "$work/built" << 'END'
import json, sys

# Optional dependencies that only a weak feature names, such as `time-macros?/formatting`: `cargo metadata`, which
# cargo-cyclonedx reads, has them, but cargo does not compile them.
WEAK = {"time-macros"}

listed = {(component["name"], component["version"]) for component in json.load(open(sys.argv[1]))["components"]}
messages = [json.loads(line) for line in open(sys.argv[2]) if line.startswith("{")]
ids = [message["package_id"] for message in messages if message["reason"] == "compiler-artifact"]
built = {tuple(id.rsplit("#", 1)[1].rsplit("@", 1)) for id in ids if "registry+" in id}
if built - listed or {name for name, _ in listed - built} != WEAK:
    sys.exit(f"FAILED: only listed: {sorted(listed - built)}, only built: {sorted(built - listed)}")
print(f"ok  {len(built)} crates")
END
