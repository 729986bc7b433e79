"""Takes Kubernetes' JSON schemas out of the kubernetes-validate wheel, as kubeconform reads them.

usage: kubernetes_schemas.py WHEEL FOLDER VERSION...

References become relative, and an object that lists its properties allows no others: a misspelt field is an error,
as it is for `kubectl apply --validate=strict`.
"""

import json
import pathlib
import sys
import zipfile


def strict(schema):
    if isinstance(schema, dict):
        is_open = "additionalProperties" in schema or schema.get("x-kubernetes-preserve-unknown-fields")
        if "properties" in schema and not is_open:
            schema["additionalProperties"] = False
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                schema[key] = value.replace("/api/_definitions.json", "_definitions.json")
            else:
                strict(value)
    elif isinstance(schema, list):
        for value in schema:
            strict(value)
    return schema


def main(wheel, folder, versions):
    with zipfile.ZipFile(wheel) as archive:
        for version in versions:
            into = pathlib.Path(folder, version)
            into.mkdir(parents=True)
            start = f"kubernetes_validate/kubernetes-json-schema/v{version}-local/"
            for name in archive.namelist():
                if name.startswith(start) and name.endswith(".json"):
                    schema = strict(json.loads(archive.read(name)))
                    schema.pop("$id", None)  # an address elsewhere, against which references would be resolved
                    schema.pop("$schema", None)
                    into.joinpath(name[len(start):]).write_text(json.dumps(schema))


main(sys.argv[1], sys.argv[2], sys.argv[3:])
