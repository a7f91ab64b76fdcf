#!/usr/bin/env python3
"""The reference of the C calls: docs/reference.md, made from the comments of the installed headers.

A call's comment says what it does, then Success, Failure, Errors and Thread; declarations that follow one
another share it.

usage: scripts/api_reference.py [--check] [--names]
--check: exit 1 if the page is not what the headers say, or a declaration has no complete comment.
--names: print the calls and variables that the page has, one a line.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/reference.md"
HEADERS = ("zstack/zstack.h", "ff_api.h", "ff_tools.h", "ff_epoll.h", "ff_log.h", "ff_config.h")
FACTS = ("Success", "Failure", "Errors", "Thread")
# A declaration at the left margin that ends in `;`, perhaps some lines further on.
DECLARATION = re.compile(r"^(?!typedef|struct \w+;|struct \w+ \{|enum|extern \"C\"|#)[A-Za-z][^;{}#]*;", re.M)
COMMENT = re.compile(r"/\*(.*?)\*/\s*\n", re.S)


def words_of(comment):
    """A comment as (what it does, {fact: text})."""
    lines = [re.sub(r"^\s*\* ?", "", line).rstrip() for line in comment.strip().splitlines()]
    text, facts, current = [], {}, None
    for line in lines:
        begin = re.match(r"- (\w+): (.*)", line)
        if begin and begin.group(1) in FACTS:
            current = begin.group(1)
            facts[current] = begin.group(2)
        elif current:
            facts[current] += " " + line.strip()
        else:
            text.append(line)
    return "\n".join(text).strip(), facts


def name_of(declaration):
    call = re.search(r"(\w+)\s*\(", declaration)
    if declaration.startswith("extern") or not call:
        return re.findall(r"(\w+)(?:\[\w*\])?;$", declaration)[0]
    return call.group(1)


def entries(header):
    """(names, declarations, text, facts) in the header's order."""
    text = (ROOT / "include" / header).read_text()
    found, comment = [], None
    position = 0
    while True:
        next_comment = COMMENT.search(text, position)
        next_declaration = DECLARATION.search(text, position)
        if not next_declaration:
            return found
        if next_comment and next_comment.start() < next_declaration.start():
            comment = words_of(next_comment.group(1))
            found.append(([], [], *comment))
            position = next_comment.end()
            continue
        declaration = " ".join(next_declaration.group(0).split())
        position = next_declaration.end()
        if found:
            found[-1][0].append(name_of(declaration))
            found[-1][1].append(declaration)


def page():
    problems, names = [], []
    out = ["# Reference of the C calls", "",
           "Made from the headers by `scripts/api_reference.py`. What holds for all calls (who may call what where, the",
           "errors that every call knows) stands at the head of each header.", ""]
    for header in HEADERS:
        out += [f"## `<{header}>`", ""]
        for calls, declarations, text, facts in entries(header):
            if not calls:
                continue
            names += calls
            missing = [fact for fact in FACTS if fact not in facts]
            is_variable = all("(" not in d for d in declarations)
            if missing and not is_variable:
                problems.append(f"include/{header}: {', '.join(calls)}: no {', '.join(missing)}")
            out += ["### " + ", ".join(f"`{call}`" for call in calls), "", "```c", *declarations, "```", "", text, ""]
            out += [f"- **{fact}**: {facts[fact]}" for fact in FACTS if fact in facts] + [""]
    return "\n".join(out).rstrip() + "\n", problems, names


def main():
    text, problems, names = page()
    if "--names" in sys.argv:
        print("\n".join(names))
        return
    if "--check" in sys.argv:
        if not PAGE.is_file() or PAGE.read_text() != text:
            problems.append("docs/reference.md is not what the headers say: run scripts/api_reference.py")
    else:
        PAGE.write_text(text)
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
