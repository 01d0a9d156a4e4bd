#!/usr/bin/env bash
# Licenses, versions and sources of the dependencies (deny.toml), and the software bill of materials: the crates that
# cargo compiles for the function, and no others. It is written to target/update-customer.cdx.json.
source "$(dirname "$0")/../lib.sh"

cargo_tool cargo-deny
# Without advisories: they need a network and change without a commit (`cargo deny check advisories`).
cargo fetch --locked
echo 'The function:'
cargo deny --offline --exclude-dev check bans licenses sources
echo 'All packages of the workspace, with dev-dependencies:'
cargo deny --offline --workspace check licenses sources

cargo_tool cargo-cyclonedx
name="$(basename "$work").cdx"
cargo cyclonedx --quiet --format json --spec-version 1.5 --target all --override-filename "$name"
mv "$name.json" "$work/bom.json"
# It writes one for each package of the workspace.
find . -name "$name.json" -delete
# cargo-cyclonedx also lists crates of features that only other packages or tests enable. cargo itself knows better.
cargo tree --locked --package update-customer --edges normal,build --prefix none --format '{p}' > "$work/compiled"
mkdir -p target
python3 - "$work/compiled" "$work/bom.json" > target/update-customer.cdx.json << 'END'
import json, os, sys

compiled = {tuple(line.split()[:2]) for line in open(sys.argv[1])}
bom = json.loads(open(sys.argv[2]).read().replace(os.getcwd(), "/update-customer"))
bom["components"] = [part for part in bom["components"] if (part["name"], f"v{part['version']}") in compiled]
kept = {part["bom-ref"] for part in [*bom["components"], bom["metadata"]["component"]]}
bom["dependencies"] = [edge for edge in bom["dependencies"] if edge["ref"] in kept]
for edge in bom["dependencies"]:
    edge["dependsOn"] = [ref for ref in edge.get("dependsOn", []) if ref in kept]
json.dump(bom, sys.stdout, indent=2)
if len(kept) != len(compiled):
    sys.exit(f"FAILED: cargo compiles {len(compiled)} crates, and the list has {len(kept)}")
END
echo 'ok  the software bill of materials'
