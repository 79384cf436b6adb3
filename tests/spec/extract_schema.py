#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists every property of the runtime-spec's JSON schemas, and makes a document that has them all.

    tests/spec/extract_schema.py RUNTIME_SPEC/schema tests/spec

writes two files into the second folder, from the schema alone:
- schema_properties.txt: one property a line, `DOCUMENT POINTER`, where `*` stands for an element or for a key that is
  data. The blocks of other platforms are listed by name and not entered.
- every_property.json: a config.json in which each of those properties has a value other than its default.
"""
import json
import pathlib
import sys

OTHER_PLATFORMS = {"/solaris", "/windows", "/vm", "/zos", "/freebsd"}
# Strings that must be one of a set which the schema gives as a pattern or not at all.
WORDS = {
    "^RLIMIT_[A-Z]+$": "RLIMIT_NOFILE", "^[cbup]$": "c", "^[1-9][0-9]*[KMG]B$": "2MB", "^[0-9, -]*$": "0-3",
    "^MB:[^\\n]*$": "MB:0=10",
}


PLACES = {"/linux/resources/devices/*/type": "a"}


class Schema:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.files = {}

    def load(self, name):
        if name not in self.files:
            self.files[name] = json.loads((self.folder / name).read_text())
        return self.files[name]

    def resolve(self, node, file):
        """The node with its references and its allOf/anyOf merged in, and the file that its own references mean."""
        if "$ref" in node:
            name, _, pointer = node["$ref"].partition("#")
            file = name or file
            target = self.load(file)
            for part in pointer.strip("/").split("/"):
                target = target[part]
            return self.resolve(target, file)
        for branch in node.get("allOf", []) + node.get("anyOf", []):
            merged, branch_file = self.resolve(branch, file)
            node = {**node, **merged, "properties": {**node.get("properties", {}), **merged.get("properties", {})}}
            file = branch_file
        return node, file

    def walk(self, node, file, pointer, out):
        """Appends the pointers below `node` to `out` and returns a sample value."""
        node, file = self.resolve(node, file)
        if pointer in OTHER_PLATFORMS:
            return {"anything": [1, 2.5, None]}
        if node.get("properties"):
            sample = {}
            for name, child in node["properties"].items():
                out.append(f"{pointer}/{name}")
                sample[name] = self.walk(child, file, f"{pointer}/{name}", out)
            return sample
        extra = node.get("additionalProperties") or next(iter(node.get("patternProperties", {}).values()), None)
        if isinstance(extra, dict):
            return {"some.key": self.walk(extra, file, f"{pointer}/*", out)}
        if "items" in node:
            return [self.walk(node["items"], file, f"{pointer}/*", out)]
        if "enum" in node:
            return node["enum"][0]
        text = PLACES.get(pointer) or WORDS.get(node.get("pattern"), "text")
        return {"string": text, "boolean": True, "integer": 7}[node["type"]]


def main():
    schema = Schema(sys.argv[1])
    target = pathlib.Path(sys.argv[2])
    lines = []
    for document, file in (("config", "config-schema.json"), ("state", "state-schema.json")):
        pointers = []
        sample = schema.walk(schema.load(file), file, "", pointers)
        lines += [f"{document} {p}" for p in pointers]
        if document == "config":
            (target / "every_property.json").write_text(json.dumps(sample, indent=1) + "\n")
    pointers = []
    schema.walk(schema.load("features-schema.json"), "features-schema.json", "", pointers)
    lines += [f"features {p}" for p in pointers]
    header = "# Made by tests/spec/extract_schema.py from the JSON schemas of runtime-spec 1.3; not edited by hand.\n"
    (target / "schema_properties.txt").write_text(header + "\n".join(lines) + "\n")


main()
