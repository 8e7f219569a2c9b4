#!/usr/bin/env python3
"""Checks what including the whole library costs a user: the best of three compilations, in CPU time.

usage: umbrella_cost.py LIMIT_IN_SECONDS COMPILER [FLAGS...]
"""
import resource
import subprocess
import sys
import tempfile

limit, *command = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    source = f"{folder}/user.cpp"
    with open(source, "w", encoding="utf-8") as out:
        out.write("#include <assent/assent.hpp>\n\nint main() {}\n")
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*command, "-O0", "-c", source, "-o", f"{folder}/user.o"], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
print(f"#include <assent/assent.hpp>: {min(times):.2f} s (limit {limit} s; {', '.join(f'{t:.2f}' for t in times)})")
sys.exit(min(times) > float(limit))
