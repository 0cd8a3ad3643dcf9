"""validate.py SCHEMA[#/$defs/NAME] FILE...: each FILE, or each line of a FILE.jsonl, is valid; else it is told why.

Objects whose members are listed may hold no others, so that a fact nobody published is noticed; --open allows them."""
import json
import sys

import jsonschema


def closed(node):
    if isinstance(node, list):
        return [closed(element) for element in node]
    if not isinstance(node, dict):
        return node
    node = {key: closed(value) for key, value in node.items()}
    if node.get("type") == "object" and "properties" in node:
        node.setdefault("additionalProperties", False)
    return node


def documents(path):
    with open(path, encoding="utf-8") as file:
        if not path.endswith(".jsonl"):
            yield path, json.load(file)
            return
        for number, line in enumerate(file, 1):
            yield f"{path}:{number}", json.loads(line)


def main(arguments):
    is_open = "--open" in arguments
    arguments = [a for a in arguments if a != "--open"]
    path, _, pointer = arguments[0].partition("#")
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    if not is_open:
        schema = closed(schema)
    if pointer:
        schema = {"$defs": schema["$defs"], "$ref": "#" + pointer}
    validator = jsonschema.Draft202012Validator(schema)
    checked = errors = 0
    for name in arguments[1:]:
        for place, document in documents(name):
            checked += 1
            for error in list(validator.iter_errors(document))[:5]:
                errors += 1
                print(f"{place}: {error.json_path}: {error.message[:300]}", file=sys.stderr)
    print(checked)
    return 1 if errors or not checked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
