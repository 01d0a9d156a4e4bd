#!/usr/bin/env bash
# The software bill of materials: the crates that cargo compiles for the function, and no others.
# The result is in target/update-customer.cdx.json.
source "$(dirname "$0")/../lib.sh"

cargo_tool cargo-cyclonedx
system_program python3
cargo cyclonedx --quiet --format json --spec-version 1.5 --target all --override-filename "$(basename "$work").cdx"
mkdir -p target
mv "$(basename "$work").cdx.json" target/update-customer.cdx.json
# It writes one for each package of the workspace.
find . -name "$(basename "$work").cdx.json" -delete
# cargo-cyclonedx also lists crates of features that only other packages or tests enable. cargo itself knows better.
cargo tree --locked --package update-customer --edges normal,build --prefix none --format '{p}' > "$work/compiled"
python3 - "$work/compiled" target/update-customer.cdx.json << 'END'
import json, os, sys

compiled = {tuple(line.split()[:2]) for line in open(sys.argv[1])}
bom = json.loads(open(sys.argv[2]).read().replace(os.getcwd(), "/update-customer"))
listed = [part for part in bom["components"] if (part["name"], f"v{part['version']}") in compiled]
kept = {part["bom-ref"] for part in [*listed, bom["metadata"]["component"]]}
edges = [edge for edge in bom["dependencies"] if edge["ref"] in kept]
for edge in edges:
    edge["dependsOn"] = [ref for ref in edge.get("dependsOn", []) if ref in kept]
bom |= {"components": listed, "dependencies": edges}
json.dump(bom, open(sys.argv[2], "w"), indent=2)
if len(listed) != len(compiled) - 1:
    sys.exit(f"FAILED: cargo compiles {len(compiled) - 1} crates besides the function, and the list has {len(listed)}")
print(f"ok  {len(listed)} crates")
END
