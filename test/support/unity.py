#!/usr/bin/env python3
"""Writes one source file that compiles several test sources together.

Nearly all of a test's compile time goes to headers and to templates that its neighbours use too. Every source stands in
a namespace of its own, so that helpers of the same name do not meet; what the sources include comes before.

usage: unity.py OUTPUT FOLDER SOURCE...     SOURCEs are relative to FOLDER, which is on the include path
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'#include\s+(<[^>]+>|"[^"]+")')


def main():
    output, folder, *sources = sys.argv[1:]
    headers = {}  # in the order of their first use
    for source in sources:
        for line in pathlib.Path(folder, source).read_text(encoding="utf-8").splitlines():
            if found := INCLUDE.match(line):
                headers[found[1]] = None
    text = "".join(f"#include {header}\n" for header in headers)
    for number, source in enumerate(sources):
        text += f'namespace together_{number} {{\n#include "{source}"\n}}\n'
    path = pathlib.Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


main()
