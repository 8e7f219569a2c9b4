#!/usr/bin/env python3
"""Checks that what README.md names is there: files, links, commands, their modes and options, presets, benchmarks, members of classes,
and that the library says the texts that its troubleshooting explains."""
import json
import os
import re
import subprocess
import sys

from source_text import ROOT, finish

FOLDERS = r"(?:examples|test|bench|lib|include|\.ci)/"
PATH = re.compile(rf"{FOLDERS}[\w./*-]*[\w*]")
# Commands of the reader's own machine.
THEIRS = {"cmake", "pkg-config", "git", "cd", "export", "apt", "npm"}


def exists(path):
    """A file or folder; or an example by the name of its program."""
    if "*" in path:
        return any(ROOT.glob(path))
    return (ROOT / path).exists() or (path.startswith("examples/") and (ROOT / f"{path}.cpp").exists())


def path_problems(text):
    for span in re.findall(r"`([^`\n]+)`", text):
        for path in PATH.findall(span):
            if not exists(path):
                yield f"{path}: is not there"
    # "`test/a/b.cpp`, `c.cpp`": the same folder.
    for first, rest in re.findall(rf"`({FOLDERS}[\w./-]+)`((?:, `[\w.-]+\.cpp`)+)", text):
        for name in re.findall(r"`([\w.-]+\.cpp)`", rest):
            if not exists(os.path.join(os.path.dirname(first), name)):
                yield f"{name}: is not beside {first}"


def link_problems(text):
    headings = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.+)$", text, re.M)}
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("#"):
            if target[1:] not in headings:
                yield f"{target}: no heading is called so"
        elif not target.startswith("https://") and not exists(target):
            yield f"{target}: a link to nothing"


def commands(text):
    """The commands of the sh blocks, and those in line that name a script of the tree."""
    for block in re.findall(r"```sh\n(.*?)```", text, re.S):
        for line in block.splitlines():
            command = line.split("#")[0].strip()
            if command:
                yield command
    for span in re.findall(r"`([^`\n]+)`", text):
        if re.match(rf"{FOLDERS}\S+\.sh\b", span):
            yield span
        elif span.startswith("cmake "):
            yield span


def command_problems(command, usages):
    for part in re.split(r"\s*(?:&&|\|\||;)\s*", command):
        words = part.split()
        if not words:
            continue
        program, arguments = words[0], words[1:]
        if program in THEIRS:
            presets = [b for a, b in zip(words, words[1:]) if a == "--preset"]
            known = {one["name"] for one in json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]}
            yield from (f"{part}: there is no preset {name}" for name in presets if name not in known)
            continue
        if not re.match(FOLDERS, program):
            yield f"{part}: no program of the tree, and none that a reader has"
            continue
        if not os.access(ROOT / program, os.X_OK) and not exists(program):
            yield f"{part}: {program} cannot be run"
            continue
        if program == "bench/run.sh" and arguments and arguments[0] not in ("NAME", "all") and not exists(f"bench/{arguments[0]}.cpp"):
            yield f"{part}: there is no benchmark {arguments[0]}"
        for option in (word.split("=")[0] for word in arguments if word.startswith("--")):
            if program in usages and option not in usages[program]:
                yield f"{part}: {program} does not know {option}"
        if program == "examples/demo.sh":
            modes = [word for word in arguments if not word.startswith("-")]
            yield from (f"{part}: demo.sh has no mode {mode}" for mode in modes[:1] if not re.search(rf"\b{mode}\b", usages[program]))


def usage_of(program):
    """What it says of itself, by running it; scripts that have no --help are read."""
    done = subprocess.run([ROOT / program, "--help"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
    return done.stdout if done.returncode == 0 else ""


def source_of(*folders):
    """Everything in them, with literals that follow each other joined as the compiler does."""
    files = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.[ch]pp"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return re.sub(r'"\s*\n\s*"', "", text).replace('\\"', '"')


def troubleshooting(text):
    """The texts of the table's first column."""
    section = re.search(r"^### Troubleshooting\n(.*?)(?=^#|\Z)", text, re.M | re.S)
    for row in re.findall(r"^\| `([^`]+)`", section.group(1) if section else "", re.M):
        yield row


def printed_problems(text):
    said = source_of("lib")
    for row in troubleshooting(text):
        # What the library puts in between is written "...", and it joins its texts with a colon or a semicolon.
        for piece in re.split(r"\s*\.\.\.\s*|: |; ", row):
            if len(piece) > 3 and piece not in said:
                yield f"`{row}`: the library never says \"{piece}\""


def member_problems(text):
    """`Class::member`, outside of the code that is compiled."""
    prose = re.sub(r"```.*?```", "", text, flags=re.S)
    declared = source_of("include", "examples/agent_server")
    for owner, member in re.findall(r"`(?:assent::)?([A-Z]\w+)::(\w+)", prose):
        if not re.search(rf"\b(class|struct) {owner}\b", declared) or not re.search(rf"\b{member}\b", declared):
            yield f"{owner}::{member}: there is no such member"


def missing_benchmarks(text):
    """Each has its row."""
    for source in sorted((ROOT / "bench").glob("*.cpp")):
        if not re.search(rf"^\|.*`bench/run.sh {source.stem}\b", text, re.M):
            yield f"bench/{source.name}: has no row among the benchmarks"


def problems_of(text, usages):
    yield from path_problems(text)
    yield from printed_problems(text)
    yield from member_problems(text)
    yield from link_problems(text)
    for command in commands(text):
        yield from command_problems(command, usages)


def self_test(usages):
    """Each of these has to be found."""
    bad = ["`test/nothing.cpp`", "`test/compile/tree.py`, `nothing.cpp`", "[here](nowhere.md)", "[here](#nowhere)", "```sh\nexamples/nothing.sh\n```",
           "```sh\nfrobnicate now\n```", "```sh\nexamples/demo.sh --nonsense\n```", "```sh\nexamples/demo.sh nonsense\n```",
           "`bench/run.sh nothing`", "`cmake --preset nothing`", "`AgentOptions::nothing_such`", "`NoSuchClass::key`",
           "### Troubleshooting\n| `the moon is full: ...` | | |\n"]
    missed = [f"not found: {text!r}" for text in bad if not list(problems_of(text, usages))]
    missed += ["a benchmark without its row was not found"] if not list(missing_benchmarks("")) else []
    missed += [] if len(list(troubleshooting((ROOT / "README.md").read_text(encoding="utf-8")))) > 9 else ["the troubleshooting was not read"]
    finish(missed, f"{len(bad)} mistakes found")


def main():
    usages = {program: usage_of(program) for program in ("examples/demo.sh", "test/run.sh")}
    # What demo.sh hands on.
    usages["examples/demo.sh"] += (ROOT / "examples/agent_server/settings.cpp").read_text(encoding="utf-8")
    if sys.argv[1:] == ["--self-test"]:
        self_test(usages)
        return
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    problems = [f"README.md: {problem}" for problem in problems_of(text, usages)]
    problems += missing_benchmarks(text)
    problems += [f"{program}: has no --help" for program, usage in usages.items() if not usage]
    for script in [*ROOT.glob("examples/**/*.sh"), *ROOT.glob("test/*.sh"), *ROOT.glob("test/support/*.sh"), *ROOT.glob("bench/*.sh")]:
        if subprocess.run(["bash", "-n", script], capture_output=True, check=False).returncode != 0:
            problems.append(f"{script.relative_to(ROOT)}: is no shell script that can be read")
    finish(problems, "everything that README.md names is there")


main()
