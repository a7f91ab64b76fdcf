#!/usr/bin/env python3
"""Writes docs/rfc-compliance.md: which RFC and which of its sections is cited by code and by tests, with what
docs/rfc-status.toml knows of deviations and of what is absent.

usage: scripts/rfc_compliance.py [--check]

A citation is "RFC 5961 §3.2" in a comment or in the head of a packet script; several sections may follow one number.
--check compares the page with what would be written, and is a test.
"""

import argparse
import re
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "rfc-compliance.md"
STATUS = ROOT / "docs" / "rfc-status.toml"
CODE = ("src", "include")
TESTS = ("tests/unit", "tests/packet", "tests/sim", "tests/fuzz", "tests/mutations")
SUFFIXES = {".hpp", ".cpp", ".h", ".script", ".toml"}
CITATION = re.compile(r"RFC[ \n/*#]{1,8}(\d{3,5})((?:(?:'s)?,?(?: and|,| to)?[ \n/*#]*§[ ]?\d+(?:\.\d+)*[a-z]?)*)|rfc-editor\.org/rfc/rfc(\d+)#section-([\d.]+)")
SECTION = re.compile(r"§ ?(\d+(?:\.\d+)*)")
SHOWN = 6  # files of a row; more are counted


def files_of(folders):
    for folder in folders:
        yield from sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in SUFFIXES)


def citations(folders):
    """{number: {section or "": [paths]}}"""
    found = defaultdict(lambda: defaultdict(list))
    for path in files_of(folders):
        name = str(path.relative_to(ROOT))
        for match in CITATION.finditer(path.read_text(encoding="utf-8")):
            number = int(match.group(1) or match.group(3))
            sections = [match.group(4)] if match.group(4) else SECTION.findall(match.group(2) or "") or [""]
            for section in sections:
                names = found[number][section.rstrip(".")]
                if name not in names:
                    names.append(name)
    return found


def section_key(section):
    return [int(part) for part in section.split(".")] if section else []


def shown(names, prefixes):
    def short(name):
        for prefix in prefixes:
            name = name.removeprefix(prefix)
        return f"`{name}`"
    text = ", ".join(short(n) for n in names[:SHOWN])
    return text + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def status_of(rfc, code, tests):
    number = rfc["number"]
    if "status" in rfc:
        return rfc["status"]
    if number in tests:
        return "tested"
    return "implemented" if number in code else ""


def problems(table, code, tests):
    known = {rfc["number"] for rfc in table}
    for number in sorted((set(code) | set(tests)) - known):
        where = next(iter((code if number in code else tests)[number].values()))[0]
        yield f"RFC {number} is cited in {where} and has no row in docs/rfc-status.toml"
    for rfc in table:
        number = rfc["number"]
        if rfc.get("status") not in (None, "deviating", "absent"):
            yield f"RFC {number}: status is \"deviating\", \"absent\" or left out"
        elif ("status" in rfc) != ("reason" in rfc):
            yield f"RFC {number}: a status and its reason come together"
        elif not status_of(rfc, code, tests):
            yield f"RFC {number} has a row without a status, and nobody cites it"


def page(table, code, tests):
    lines = ["# RFC compliance", "",
             "Written by `scripts/rfc_compliance.py` from the citations in code and tests and from `rfc-status.toml`; do not edit.", "",
             "*tested*: code follows it and a test names it. *implemented*: code follows it; its tests name no section. *deviating*: but for what",
             "stands beside it. *absent*: not implemented.", "",
             "| RFC | title | status | |", "|---|---|---|---|"]
    counts = defaultdict(int)
    for rfc in table:
        status = status_of(rfc, code, tests)
        counts[status] += 1
        lines.append(f"| [{rfc['number']}](https://www.rfc-editor.org/rfc/rfc{rfc['number']}) | {rfc['title']} | {status} | {rfc.get('reason', '')} |")
    lines += ["", ", ".join(f"{n} {status}" for status, n in sorted(counts.items())) + ".", "", "## By section", ""]
    for rfc in table:
        number = rfc["number"]
        sections = set(code.get(number, {})) | set(tests.get(number, {}))
        if not sections:
            continue
        lines += [f"### RFC {number}: {rfc['title']}", "", "| § | code | tests |", "|---|---|---|"]
        for section in sorted(sections, key=section_key):
            lines.append(f"| {section or 'whole'} | {shown(code.get(number, {}).get(section, []), ('src/',))} | "
                         f"{shown(tests.get(number, {}).get(section, []), ('tests/',))} |")
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    table = sorted(tomllib.loads(STATUS.read_text())["rfc"], key=lambda rfc: rfc["number"])
    code, tests = citations(CODE), citations(TESTS)
    found = list(problems(table, code, tests))
    text = page(table, code, tests)
    if args.check and (not PAGE.is_file() or PAGE.read_text() != text):
        found.append("docs/rfc-compliance.md is not current: run scripts/rfc_compliance.py")
    for problem in found:
        print(f"rfc_compliance: {problem}")
    if not args.check:
        PAGE.write_text(text)
    print(f"rfc_compliance: {len(table)} RFCs, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
