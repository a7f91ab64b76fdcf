#!/usr/bin/env python3
"""The house rules of zstack, executed.

Checks what a reviewer should not have to: who may include whom, what may not be called below
runtime/, lengths, formatting, the form of a TODO. `scripts/tidy-allow.txt` lists the exceptions, each
with its reason; an exception that nobody needs any more is an error as well.

usage: scripts/tidy.py [--root DIR] [--no-format]
Prints `path:line: [rule] what is wrong` a finding; exit 1 if there is any.
"""

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60
MAX_TEST_LINES = 80  # a test reads as a story; it may be a little longer than a function

CODE_FOLDERS = ("src", "include", "apps", "examples", "sim", "tests", "bench", "cmake", "scripts", ".ci")
CXX_SUFFIXES = (".hpp", ".cpp", ".h", ".c")
TEXT_SUFFIXES = CXX_SUFFIXES + (".py", ".sh", ".cmake", ".txt", ".md", ".toml", ".yml", ".yaml")

# Who may include whom: the arrows of docs/architecture.md. A folder may always include itself.
FOUNDATION = {"base", "wire", "buf", "timer"}
PROTOCOLS = {"neigh", "ip", "tcp", "udp"}
MAY_INCLUDE = {
    "base": set(),
    "wire": {"base"},
    "buf": {"base"},
    "timer": {"base"},
    "neigh": FOUNDATION,
    "ip": FOUNDATION,
    "tcp": FOUNDATION,
    "udp": FOUNDATION,
    "dev": {"wire", "buf", "base"},
    "stack": FOUNDATION | PROTOCOLS,
    "sock": FOUNDATION | PROTOCOLS | {"stack"},
    "svc": FOUNDATION | PROTOCOLS | {"stack", "sock"},
    "runtime": FOUNDATION | PROTOCOLS | {"stack", "sock", "svc", "dev"},
    "api": FOUNDATION | PROTOCOLS | {"stack", "sock", "runtime"},
    "embed": FOUNDATION | PROTOCOLS | {"stack", "sock", "runtime"},
}
# Single headers that a folder may include although it may not include their folder.
MAY_INCLUDE_HEADER = {("stack", "dev/queue.hpp")}
# Folders (by prefix) that may see DPDK beyond the layout of an mbuf.
DPDK_FOLDERS = ("src/dev/dpdk/", "src/buf/dpdk/", "src/runtime/", "src/embed/", "examples/paper/", "apps/", "bench/", "tests/", "sim/")
MBUF_LAYOUT = {"rte_mbuf_core.h", "rte_config.h"}

BELOW_RUNTIME = tuple(f"src/{folder}/" for folder in MAY_INCLUDE if folder not in ("runtime", "api", "embed"))
FORBIDDEN_BELOW_RUNTIME = [
    (r"\b(?:steady|system|high_resolution)_clock\b|\bclock_gettime\b|\bgettimeofday\b|\brte_(?:get_)?(?:rdtsc|tsc_cycles|timer_cycles)\b|\btime\s*\(\s*(?:NULL|nullptr|0)\s*\)",
     "reads a clock; time is an argument (docs/adr/0002)"),
    (r"\b(?:std::)?s?rand\s*\(|\brandom_device\b|\bmt19937|\bgetrandom\b", "draws randomness; a seeded source is handed down"),
    (r"\bgetenv\b", "reads the environment; configuration is handed down"),
    (r"\bstd::j?thread\b|\bpthread_create\b", "starts a thread; a shard belongs to one thread"),
    (r"\bstd::(?:recursive_|shared_|timed_)?mutex\b|\bpthread_mutex|\bstd::condition_variable", "takes a lock; shards share nothing (docs/adr/0005)"),
    (r"\bthrow\b|\btry\s*\{|\bcatch\s*\(", "uses exceptions; refusals are Result<T> (docs/adr/0004)"),
    (r"\bdynamic_cast\b|\btypeid\b", "uses RTTI"),
    (r"\bthread_local\b", "keeps hidden state; pass it"),
    (r"\bstd::(?:cout|cerr|clog|endl)\b|\bspdlog\b|\bfmt::print", "prints; lower layers count (Drop) and return (Result)"),
    (r"\b(?:u|nano)?sleep\s*\(|\bsleep_for\b|\bsleep_until\b", "sleeps"),
    (r"\b(?:malloc|calloc|realloc)\s*\(", "allocates by hand"),
    (r"^(?!.*unique_ptr).*\bnew\s+[A-Za-z_:]", "naked new: hand it to a unique_ptr in the same line, or use make_unique"),
]
FORBIDDEN_HEADERS_BELOW_RUNTIME = {"iostream", "thread", "mutex", "condition_variable", "shared_mutex", "future", "random", "ctime", "fstream", "regex"}
FORBIDDEN_IN_VIRTUAL_TIME_TESTS = [
    (r"\bsleep_for\b|\bsleep_until\b|\b(?:u|nano)?sleep\s*\(", "a test that sleeps is slow or flaky; poll a condition or use virtual time"),
]
VIRTUAL_TIME_TESTS = ("tests/unit/", "tests/packet/", "tests/sim/", "sim/")


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.text}"


def own_files(root):
    """Tracked and new files that are ours, as paths relative to root."""
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
                            capture_output=True, text=True)
    if listed.returncode == 0:
        names = listed.stdout.splitlines()
    else:
        names = [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()]
    for name in sorted(set(names)):
        if name.startswith("build/") or not (root / name).is_file():
            continue
        if "/" not in name or name.startswith(tuple(f"{f}/" for f in CODE_FOLDERS + ("docs",))):
            yield name


def blank_comments_and_strings(text):
    """The same text, line for line, with comments and the insides of literals made blank."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^\s()\\]{0,16})\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
        re.DOTALL)

    def blank(match):
        found = match.group(0)
        keep = found[0] + found[-1] if found[0] in "\"'R" else ""
        return keep + "\n" * found.count("\n") if keep else re.sub(r"[^\n]", " ", found)

    return pattern.sub(blank, text)


def check_includes(path, lines):
    folder = path.split("/")[1] if path.startswith("src/") else None
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if not match:
            continue
        quote, name = match.groups()
        base = name.split("/")[-1]
        if base.startswith("rte_") and not path.startswith(DPDK_FOLDERS):
            if not (base in MBUF_LAYOUT and path.startswith("src/buf/")):
                yield Finding(path, number, "dpdk", f"<{name}>: only dev/dpdk, buf/dpdk and runtime see DPDK; others include buf/mbuf.hpp")
        if quote == "<" and path.startswith(BELOW_RUNTIME) and name in FORBIDDEN_HEADERS_BELOW_RUNTIME:
            yield Finding(path, number, "forbidden", f"<{name}> has no place below runtime/")
        if folder is None or quote == "<" or "/" not in name:
            continue
        target = name.split("/")[0]
        if target not in MAY_INCLUDE or target == folder or folder not in MAY_INCLUDE:
            continue
        if target not in MAY_INCLUDE[folder] and (folder, name) not in MAY_INCLUDE_HEADER:
            yield Finding(path, number, "direction", f"{folder}/ may not include {name}")


def check_own_header_first(root, path, lines):
    if not (path.startswith("src/") and path.endswith(".cpp")):
        return
    own = path[len("src/"):-len(".cpp")] + ".hpp"
    if not (root / "src" / own).is_file():
        return
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s*["<]([^">]+)', line)
        if match:
            if match.group(1) != own:
                yield Finding(path, number, "own-header", f"{own} comes first, so that it is known to compile alone")
            return


def check_forbidden(path, code_lines):
    rules = []
    if path.startswith(BELOW_RUNTIME):
        rules = FORBIDDEN_BELOW_RUNTIME
    elif path.startswith(VIRTUAL_TIME_TESTS):
        rules = FORBIDDEN_IN_VIRTUAL_TIME_TESTS
    for number, line in enumerate(code_lines, 1):
        for pattern, why in rules:
            if re.search(pattern, line):
                yield Finding(path, number, "forbidden", why)


def functions_of(code):
    """(name, first line, last line) of each function body, by counting braces: a heuristic that knows
    no C++ but is right for code in our format."""
    header_start, depth, stack, line = 0, 0, [], 1
    opened = None
    for i, c in enumerate(code):
        if c == "\n":
            line += 1
        elif c == "{":
            header = re.sub(r"^\s*#.*$", "", code[header_start:i], flags=re.MULTILINE).strip()
            if opened is None and looks_like_function(header):
                name = re.search(r"([A-Za-z_~][\w:~]*|operator\s*\S+?)\s*\(", header)
                opened = (depth, name.group(1) if name else "?", line)
            stack.append(header)
            depth += 1
            header_start = i + 1
        elif c == "}":
            depth -= 1
            if opened is not None and depth == opened[0]:
                yield opened[1], opened[2], line
                opened = None
            header_start = i + 1
        elif c == ";":
            header_start = i + 1


def looks_like_function(header):
    if "(" not in header or re.match(r"(?:inline\s+)?(?:namespace|enum|extern)\b", header):
        return False
    if re.match(r"(?:template\s*<.*>\s*)?(?:class|struct|union)\b[^()]*$", re.sub(r"<[^<>]*>", "", header), re.DOTALL):
        return False
    # `Type x{f(` and `auto x = f(` are initialisers; a default argument's '=' stands inside brackets.
    flat = re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", header))
    return "=" not in re.sub(r"operator\s*[=<>!+\-*/&|^%]+", "", flat)


def check_lengths(path, text, code):
    count = text.count("\n")
    if count > MAX_FILE_LINES:
        yield Finding(path, count, "file-length", f"{count} lines, at most {MAX_FILE_LINES}")
    if not path.endswith(CXX_SUFFIXES):
        return
    limit = MAX_TEST_LINES if path.startswith("tests/") else MAX_FUNCTION_LINES
    for name, first, last in functions_of(code):
        if last - first + 1 > limit:
            yield Finding(path, first, "function-length", f"{name}() has {last - first + 1} lines, at most {limit}")


def check_text(path, lines, text):
    if text and not text.endswith("\n"):
        yield Finding(path, len(lines), "text", "no newline at the end")
    for number, line in enumerate(lines, 1):
        if line != line.rstrip() and not path.endswith(".md"):
            yield Finding(path, number, "text", "trailing space")
        if "\r" in line:
            yield Finding(path, number, "text", "carriage return")
    if path.endswith(".md") or path.startswith("scripts/tidy"):
        return  # these talk about the words
    for number, line in enumerate(lines, 1):
        if re.search(r"\bTODO\b", line) and not re.search(r"\bTODO\(#\d+\): \w.*\.$", line):
            yield Finding(path, number, "todo", "the form is `TODO(#123): a sentence that another person could act on.`")
        word = re.search(r"\b(?:FIXME|XXX|HACK)\b", line)
        if word:
            yield Finding(path, number, "todo", f"{word.group(0)}: do it, or make it a TODO(#n)")


def check_file(root, path):
    if not (path.endswith(TEXT_SUFFIXES) or path.startswith(("scripts/", ".ci/")) or path in ("demo", "test")):
        return []
    try:
        text = (root / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return [] if path.startswith("tests/fuzz/") else [Finding(path, 1, "text", "not UTF-8")]
    lines = text.split("\n")
    findings = list(check_text(path, lines, text))
    is_cxx = path.endswith(CXX_SUFFIXES)
    code = blank_comments_and_strings(text) if is_cxx else ""
    if is_cxx or path.endswith((".py", ".sh")) or "." not in Path(path).name:
        findings += check_lengths(path, text, code)
    if is_cxx:
        findings += check_includes(path, lines)
        findings += check_own_header_first(root, path, lines)
        findings += check_forbidden(path, code.split("\n"))
        if path.endswith(".hpp") and "#pragma once" not in text:
            findings.append(Finding(path, 1, "pragma-once", "a header begins with #pragma once"))
    return findings


def check_format(root, paths):
    """clang-format over all own C++ files, a few processes at a time."""
    paths = [p for p in paths if p.endswith(CXX_SUFFIXES)]
    step = 16

    def run(batch):
        try:
            done = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *batch], cwd=root, capture_output=True, text=True)
        except FileNotFoundError:
            return [Finding("scripts/packages.txt", 1, "format", "clang-format-14 is not installed; run scripts/setup")]
        if done.returncode == 0:
            return []
        hits = re.findall(r"^(\S+?):(\d+):\d+: error: code should be clang-formatted", done.stderr, re.MULTILINE)
        first = {}
        for name, number in hits:
            first.setdefault(name, int(number))
        if not first:
            return [Finding(batch[0], 1, "format", done.stderr.strip()[:200])]
        return [Finding(n, l, "format", "run clang-format-14 -i on it") for n, l in first.items()]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        batches = [paths[i:i + step] for i in range(0, len(paths), step)]
        return [finding for found in pool.map(run, batches) for finding in found]


def check_tests_exist(root, paths):
    """src/wire/tcp.cpp is tested by tests/unit/wire/tcp_test.cpp: the same place, mirrored."""
    for path in paths:
        if not (path.startswith("src/") and path.endswith(".cpp")):
            continue
        test = "tests/unit/" + path[len("src/"):-len(".cpp")] + "_test.cpp"
        if not (root / test).is_file():
            yield Finding(path, 1, "test", f"has no {test}")


def read_allow_list(root):
    """{(rule, path): line number}; a line is `rule path reason...`."""
    allowed, problems = {}, []
    file = root / "scripts" / "tidy-allow.txt"
    if not file.is_file():
        return allowed, problems
    for number, line in enumerate(file.read_text().split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.split(None, 2)
        if len(parts) < 3:
            problems.append(Finding("scripts/tidy-allow.txt", number, "allow", "an exception needs rule, path and reason"))
        else:
            allowed[(parts[0], parts[1])] = number
    return allowed, problems


def tidy(root, with_format):
    root = Path(root).resolve()
    paths = list(own_files(root))
    findings = [f for path in paths for f in check_file(root, path)]
    findings += check_tests_exist(root, paths)
    if with_format:
        findings += check_format(root, paths)
    allowed, problems = read_allow_list(root)
    used = {(f.rule, f.path) for f in findings}
    findings = [f for f in findings if (f.rule, f.path) not in allowed]
    for key, number in allowed.items():
        if key not in used and (with_format or key[0] != "format"):
            problems.append(Finding("scripts/tidy-allow.txt", number, "allow", f"{key[1]} no longer needs this exception ({key[0]})"))
    return sorted(findings + problems, key=lambda f: (f.path, f.line)), len(paths)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--no-format", action="store_true", help="leave clang-format out")
    args = parser.parse_args()
    findings, count = tidy(args.root, not args.no_format)
    for finding in findings:
        print(finding)
    print(f"tidy: {count} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
