#!/usr/bin/env python3
"""Writes ctest registrations for a Boost.Test executable: one ctest test for each source file.

usage: discover.py EXECUTABLE FOLDER OUTPUT.cmake TIMEOUT [ENVIRONMENT...]
"""
import re
import subprocess
import sys

NODE = re.compile(r'^tu(\d+)\[.*label="([^"|]*)(?:\|([^"|]*)\(\d+\))?')
EDGE = re.compile(r"^tu(\d+) -> tu(\d+);")


class Unit:
    def __init__(self, name, file):
        self.name, self.file, self.children, self.parent = name, file, [], None

    def files(self):
        if not self.children:
            return {self.file}
        return set().union(*(child.files() for child in self.children))

    def path(self):
        return self.name if self.parent.parent is None else self.parent.path() + "/" + self.name


def read_tree(executable):
    listing = subprocess.run([executable, "--list_content=DOT"], capture_output=True, text=True, timeout=120)
    if listing.returncode != 0:
        sys.exit(f"{executable} --list_content failed:\n{listing.stdout}{listing.stderr}")
    units = {}
    for line in (listing.stdout + listing.stderr).splitlines():
        if node := NODE.match(line):
            units[node[1]] = Unit(node[2], node[3])
        elif edge := EDGE.match(line):
            units[edge[1]].children.append(units[edge[2]])
            units[edge[2]].parent = units[edge[1]]
    return [unit for unit in units.values() if unit.parent is None]


def filters_by_file(roots):
    """The largest suites (or single cases) that lie in one file, for each file."""
    result = {}
    pending = [child for root in roots for child in root.children]
    while pending:
        unit = pending.pop()
        files = unit.files()
        if len(files) == 1:
            result.setdefault(files.pop(), []).append(unit.path())
        else:
            pending += unit.children
    return result


def main():
    executable, folder, output, timeout, *environment = sys.argv[1:]
    lines = []
    for file, filters in sorted(filters_by_file(read_tree(executable)).items()):
        stem = re.sub(r"^.*/test/|\.cpp$", "", file)
        arguments = [executable, "--color_output=no", "--catch_system_errors=no"]
        arguments += [f"--run_test={path}" for path in sorted(filters)]
        quoted = " ".join(f"[==[{argument}]==]" for argument in arguments)
        lines.append(f"add_test([==[{stem}]==] {quoted})")
        lines.append(f"set_tests_properties([==[{stem}]==] PROPERTIES LABELS {folder} TIMEOUT {timeout}"
                     f" ENVIRONMENT [==[{';'.join(environment)}]==] SKIP_REGULAR_EXPRESSION [==[skipped: the OpenFGA server]==])")
    if not lines:
        sys.exit(f"{executable} contains no test cases")
    with open(output, "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")


main()
