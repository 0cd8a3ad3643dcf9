#!/usr/bin/python3
"""Whether the rows of one fault in kernel-rows.tsv are red: FAULT FOLDER, the folder of a run in which the fault was made."""
import json
import re
import sys

TABLE = "tests/e2e/kernel-rows.tsv"


def first(kernel, pattern):
    expression = "".join("[^:]*" if c == "*" else re.escape(c) for c in pattern) + "(:|$)"
    for i, effect in enumerate(kernel):
        if "errno" not in effect and re.match(expression, effect["text"]):
            return i
    return None


def holds(kernel, effect, relation, other):
    at = first(kernel, effect)
    if relation == "never":
        return at is None
    if relation == "happens":
        return at is not None
    after = first(kernel, other)
    return at is not None and after is not None and at < after


fault, folder = sys.argv[1:]
for line in open(TABLE):
    if line.startswith("#"):
        continue
    case, its_fault, effect, relation, other = line.rstrip("\n").split("\t")
    if its_fault != fault:
        continue
    row = f"{effect} {relation} {other}".strip()
    name = f"{case}: {row} under {fault}"
    try:
        kernel = json.load(open(f"{folder}/observations/{case}.json"))["kernel"]
    except (OSError, KeyError) as why:
        print(f"not ok {name}: there is no recording: {why}")
        continue
    arguments = [effect, other] if other else [effect]
    words = {"precedes": "ORDER", "happens": "DOES", "never": "NEVER"}
    written = f"KERNEL_{words[relation]}(" + ", ".join(f'"{a}"' for a in arguments) + ")"
    if written not in open("cases/" + case.rsplit("/", 1)[0] + ".c").read():
        print(f"not ok {name}: no case has the row {written}")
    elif holds(kernel, effect, relation, other):
        print(f"not ok {name}: it holds all the same")
    else:
        print(f"ok {name}")
