"""Writes the test vectors, or compares them with what is on disk.

    python3 generate.py            rewrites testkit/vectors/*.json
    python3 generate.py --check    changes nothing; exit status 1 if a file differs
"""

import argparse
import json
import sys
from pathlib import Path

import jsonschema

from cases import SUBJECTS

TESTKIT = Path(__file__).resolve().parent.parent


def dump(value):
    """One case a line, so that a change shows as the lines of the cases it changes."""
    head = {name: item for name, item in value.items() if name != "cases"}
    text = json.dumps(head, indent=1, ensure_ascii=True)[:-2]
    cases = ",\n".join(json.dumps(case, ensure_ascii=True) for case in value["cases"])
    return f'{text},\n "cases": [\n{cases}\n]}}\n'


def refuses(case):
    """A feed case passes as a whole; what it is about are the refusals of its steps."""
    return any("error" in step.get("expect", {}) for step in [case, *case.get("steps", [])])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check

    validator = jsonschema.Draft202012Validator(json.loads((TESTKIT / "schema.json").read_text("utf-8")))
    seen, different = set(), []
    for build in SUBJECTS:
        subject = build()
        value = subject.value()
        for error in validator.iter_errors(value):
            sys.exit(f"{subject.name}: {error.json_path}: {error.message}")
        for case in value["cases"]:
            if case["id"] in seen:
                sys.exit(f"{case['id']}: not unique")
            seen.add(case["id"])
        text = dump(value)
        assert json.loads(text) == value
        path = TESTKIT / "vectors" / f"{subject.name}.json"
        if check:
            if not path.exists() or path.read_text("utf-8") != text:
                different.append(path.name)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        refusing = sum(refuses(case) for case in value["cases"])
        print(f"{subject.name}: {len(value['cases'])} cases, {refusing} with a refusal")
    if different:
        sys.exit("differs: " + ", ".join(different))


if __name__ == "__main__":
    main()
