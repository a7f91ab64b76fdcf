#!/usr/bin/env python3
"""Does tidy.py catch what it promises to catch, and leave good code alone?"""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import tidy  # noqa: E402

GOOD_HEADER = "#pragma once\n\nnamespace zs::wire {\nint f();\n}  // namespace zs::wire\n"


def rules_for(files, with_format):
    """The rules that a tree made of `files` breaks."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        findings, _ = tidy.tidy(root, with_format)
        return sorted({finding.rule for finding in findings})


def body(lines):
    return "int f() {\n" + "  g();\n" * (lines - 2) + "}\n"


class TidyTest(unittest.TestCase):
    def expect(self, files, *rules, with_format=False):
        self.assertEqual(rules_for(files, with_format), sorted(rules))

    def test_good_tree_is_quiet(self):
        self.expect({
            "src/wire/a.hpp": GOOD_HEADER,
            "src/wire/a.cpp": '#include "wire/a.hpp"\n\n#include "base/b.hpp"\n\nnamespace zs::wire {\n'
                              "// A clock such as steady_clock may be named in words.\n"
                              'int f() { return g("throw getenv( new Thing"); }\n}  // namespace zs::wire\n',
            "src/base/b.hpp": "#pragma once\n",
            "tests/unit/wire/a_test.cpp": "int main() { return 0; }\n",
        })

    def test_include_direction(self):
        self.expect({"src/tcp/a.hpp": '#pragma once\n\n#include "ip/b.hpp"\n'}, "direction")
        self.expect({"src/base/a.hpp": '#pragma once\n\n#include "wire/b.hpp"\n'}, "direction")
        self.expect({"src/stack/a.hpp": '#pragma once\n\n#include "dev/tap.hpp"\n'}, "direction")
        self.expect({"src/stack/a.hpp": '#pragma once\n\n#include "dev/queue.hpp"\n'})

    def test_dpdk_stays_in_its_rooms(self):
        self.expect({"src/tcp/a.hpp": "#pragma once\n\n#include <rte_mbuf.h>\n"}, "dpdk")
        self.expect({"src/buf/a.hpp": "#pragma once\n\n#include <rte_mbuf_core.h>\n"})
        self.expect({"src/dev/dpdk/a.hpp": "#pragma once\n\n#include <rte_ethdev.h>\n"})

    def test_forbidden_calls(self):
        for line in ("auto t = std::chrono::steady_clock::now();", "int r = rand();", 'auto* e = getenv("HOME");',
                     "std::thread t(f);", "std::mutex m;", "throw 1;", 'std::cout << "x";', "auto* p = new Thing(1);"):
            with self.subTest(line):
                self.expect({"src/tcp/a.hpp": f"#pragma once\n\ninline void f() {{\n  {line}\n}}\n"}, "forbidden")
                self.expect({"src/runtime/a.hpp": f"#pragma once\n\ninline void f() {{\n  {line}\n}}\n"})
        self.expect({"src/ip/a.hpp": "#pragma once\n\n#include <mutex>\n"}, "forbidden")

    def test_sleeping_tests(self):
        self.expect({"tests/unit/tcp/a_test.cpp": "int main() { usleep(1); }\n"}, "forbidden")

    def test_lengths(self):
        self.expect({"sim/a.cpp": body(tidy.MAX_FUNCTION_LINES)})
        self.expect({"sim/a.cpp": body(tidy.MAX_FUNCTION_LINES + 1)}, "function-length")
        self.expect({"sim/a.cpp": "int x;\n" * (tidy.MAX_FILE_LINES + 1)}, "file-length")

    def test_function_counter_knows_what_a_function_is(self):
        code = ("namespace a {\nclass B : C<int(int)> {\n int f(int x = 0) const noexcept {\n  if (x) {\n  }\n }\n};\n"
                "constexpr T x = g({1, 2});\nauto h = [](int) {\n return 1; };\nB::B(int y) : z_(y) {\n}\n}\n")
        names = [name for name, _, _ in tidy.functions_of(code)]
        self.assertIn("f", names)
        self.assertIn("B::B", names)
        self.assertNotIn("C<int", names)

    def test_todo_form(self):
        good, bad = "TO" + "DO(#12): Let the pacer see idle time.", "TO" + "DO: later"
        self.expect({"sim/a.cpp": f"// {good}\n"})
        self.expect({"sim/a.cpp": f"// {bad}\n"}, "todo")
        self.expect({"sim/a.cpp": "// FIX" + "ME\n"}, "todo")

    def test_text(self):
        self.expect({"cmake/a.cmake": "set(x 1) \n"}, "text")
        self.expect({"cmake/a.cmake": "set(x 1)"}, "text")

    def test_pragma_format_own_header_and_missing_test(self):
        self.expect({"src/wire/a.hpp": "int f();\n"}, "pragma-once")
        self.expect({"sim/a.cpp": "int   f( );\n"}, "format", with_format=True)
        self.expect({"src/wire/a.cpp": "int x;\n"}, "test")
        self.expect({"src/wire/a.hpp": GOOD_HEADER, "tests/unit/wire/a_test.cpp": "int x;\n",
                     "src/wire/a.cpp": '#include <vector>\n\n#include "wire/a.hpp"\n'}, "own-header")

    def test_exceptions_need_a_reason_and_a_use(self):
        bad = {"src/tcp/a.hpp": '#pragma once\n\n#include "ip/b.hpp"\n'}
        self.expect({**bad, "scripts/tidy-allow.txt": "direction src/tcp/a.hpp because it must\n"})
        self.expect({**bad, "scripts/tidy-allow.txt": "direction src/tcp/a.hpp\n"}, "allow", "direction")
        self.expect({"scripts/tidy-allow.txt": "direction src/tcp/a.hpp because it must\n"}, "allow")


if __name__ == "__main__":
    unittest.main()
