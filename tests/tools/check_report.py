#!/usr/bin/env python3
"""Checks each line that `saoy verify --json` wrote against docs/report.schema.json: check_report.py SCHEMA LINES; exit 1 at the first that fails."""

import json
import sys

from jsonschema import Draft202012Validator, FormatChecker

schema, lines = (open(path, encoding="utf-8") for path in sys.argv[1:3])
validator = Draft202012Validator(json.load(schema), format_checker=FormatChecker())
count = 0
for line in lines:
    report = json.loads(line)
    kind = "refusal" if "error" in report else "seal_report" if "seal" in report else "report"
    # Against its own kind, so that the message names what is wrong instead of both.
    part = validator.evolve(schema={**validator.schema["$defs"][kind], "$defs": validator.schema["$defs"]})
    for error in part.iter_errors(report):
        sys.exit(f"line {count + 1}: {error.json_path}: {error.message}")
    validator.validate(report)
    count += 1
if not count:
    sys.exit("no line to check")
print(f"{count} lines keep to the schema")
