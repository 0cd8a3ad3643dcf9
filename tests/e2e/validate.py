"""validate.py SCHEMA[#/$defs/NAME] PLACE...: every JSON document there is valid. Prints how many there were.

A PLACE is a file, a .jsonl with one document a line, or a folder. Objects whose members are listed may hold no
others, so that a fact that nobody published is noticed: add it to the schema and to docs/OBSERVATION.md."""
import json
import os
import re
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
    if os.path.isdir(path):
        for folder, _, names in sorted(os.walk(path)):
            for name in sorted(names):
                yield from documents(os.path.join(folder, name))
        return
    with open(path, encoding="utf-8") as file:
        if path.endswith(".jsonl"):
            for number, line in enumerate(file, 1):
                yield f"{path}:{number}", json.loads(line)
        else:
            yield path, json.load(file)


def validator_of(argument):
    path, _, pointer = argument.partition("#")
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    schema = closed(schema)
    if pointer:
        schema = {"$defs": schema["$defs"], "$ref": "#" + pointer}
    return jsonschema.Draft202012Validator(schema)


def main(arguments):
    validator = validator_of(arguments[0])
    checked, seen = 0, {}
    for argument in arguments[1:]:
        for place, document in documents(argument):
            checked += 1
            for error in validator.iter_errors(document):
                sentence = re.sub(r"\d+", "N", f"{error.json_path}: {error.message[:300]}")
                seen.setdefault(sentence, []).append(place)
    for sentence, places in seen.items():
        print(f"{places[0]}: {sentence} ({len(places)} times)", file=sys.stderr)
    print(checked)
    return 1 if seen or not checked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
