#!/usr/bin/env python3
"""Checks what including the whole library costs a user: the best of three compilations, in CPU time.

A virtual machine may run several times slower for minutes. Beside each compilation one of Boost alone is timed; when that takes longer
than on the reference machine, so may ours.

usage: umbrella_cost.py LIMIT_IN_SECONDS COMPILER [FLAGS...]
"""
import resource
import subprocess
import sys
import tempfile

REFERENCE = ("boost/asio/awaitable.hpp", 0.8)  # seconds on the reference machine (g++ 12.2, -O0)


def cpu_seconds(command, folder, header):
    source = f"{folder}/user.cpp"
    with open(source, "w", encoding="utf-8") as out:
        out.write(f"#include <{header}>\n\nint main() {{}}\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, "-O0", "-c", source, "-o", f"{folder}/user.o"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


limit, *command = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    pairs = [(cpu_seconds(command, folder, "assent/assent.hpp"), cpu_seconds(command, folder, REFERENCE[0]))
             for _ in range(3)]
cost = min(ours for ours, _ in pairs)
slowness = max(1.0, min(theirs for _, theirs in pairs) / REFERENCE[1])
allowed = float(limit) * slowness
print(f"#include <assent/assent.hpp>: {cost:.2f} s of CPU (limit {limit} s, times {slowness:.2f} for this machine's pace now)")
sys.exit(cost > allowed)
