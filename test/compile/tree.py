#!/usr/bin/env python3
"""Checks that the top of the tree holds what it should and nothing else, and that the library prints nothing."""
import re
import subprocess

from source_text import ROOT, finish, sources, without_comments

TOP = set("CMakeLists.txt CMakePresets.json include lib test bench examples README.md LICENSE CHANGELOG.md".split())
PRINTS = re.compile(r"\bstd::(cout|cerr|clog|print|println)\b|\b(?:printf|fprintf|puts|putchar|perror|fmt::print)\s*\(")
ENDS = re.compile(r"\b(?:std::)?(?:abort|exit|_Exit|quick_exit|terminate)\s*\(")


def tracked():
    listing = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True, check=False)
    if listing.returncode != 0:  # not a checkout: an unpacked archive, where build/ is the only guest
        return [path.relative_to(ROOT).as_posix() for path in ROOT.iterdir() if path.name != "build"]
    return [name for name in listing.stdout.split("\0") if name]


def main():
    top = {name.split("/")[0] for name in tracked()}
    problems = [f"{name}: does not belong at the top of the tree"
                for name in sorted(top - TOP) if not name.startswith(".")]
    problems += [f"{name}: is missing from the top of the tree" for name in sorted(TOP - top)]
    for path in sources("include", "lib"):
        text = without_comments(path.read_text(encoding="utf-8"))
        for number, line in enumerate(text.splitlines(), 1):
            name = path.relative_to(ROOT)
            if PRINTS.search(line):
                problems.append(f"{name}:{number}: the library does not print; use the observer")
            if ENDS.search(line):
                problems.append(f"{name}:{number}: the library does not end the process")
    finish(problems, "the tree is in order")


main()
