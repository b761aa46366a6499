"""The part of botocore's model of MWAA that the control plane checks requests against, without the prose.

usage: model_slice.py > test/sandbox/control-plane/model.json
"""

import json
import sys

from botocore.loaders import Loader

# InvokeRestApi is checked by the control plane itself; the rest of the service is not in the sandbox.
OPERATIONS = (
    "CreateEnvironment",
    "DeleteEnvironment",
    "GetEnvironment",
    "ListEnvironments",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
    "UpdateEnvironment",
)
KEPT = ("type", "required", "members", "member", "key", "value", "enum", "min", "max", "pattern", "sensitive")


def model_slice():
    model = Loader().load_service_model("mwaa", "service-2")
    inputs = {name: model["operations"][name]["input"]["shape"] for name in OPERATIONS}
    shapes = {}
    waiting = list(inputs.values())
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = without_prose(model["shapes"][name])
            waiting.extend(references(shapes[name]))
    return {"inputs": inputs, "shapes": dict(sorted(shapes.items()))}


def without_prose(shape):
    kept = {key: shape[key] for key in KEPT if key in shape}
    for key in ("member", "key", "value"):
        if key in kept:
            kept[key] = kept[key]["shape"]
    if "members" in kept:
        kept["members"] = {name: member["shape"] for name, member in kept["members"].items()}
    return kept


def references(shape):
    return [*shape.get("members", {}).values(), *(shape[key] for key in ("member", "key", "value") if key in shape)]


if __name__ == "__main__":
    json.dump(model_slice(), sys.stdout, indent=2)
    print()
