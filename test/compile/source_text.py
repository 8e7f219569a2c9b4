"""What the checks share: finding the project's sources, and taking C++ text apart."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CPP = (".cpp", ".hpp")


def sources(*folders):
    """All C++ files below the given folders of the project, in a stable order."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in CPP and "node_modules" not in path.parts and "lint_cases" not in path.parts:
                yield path


def without_comments(text):
    """The text with comments blanked and the insides of literals emptied; lines keep their numbers."""
    pattern = re.compile(
        r'//(?:\\\n|[^\n])*|/\*.*?\*/|(?:u8|[uUL])?R"(?P<d>[^\s()\\]{0,16})\(.*?\)(?P=d)"'
        r'|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'',
        re.S,
    )

    def blank(match):
        found = match[0]
        lines = "\n" * found.count("\n")
        if found.startswith("/"):
            return " " + lines
        return ('""' if found.endswith('"') else "' '") + lines

    return pattern.sub(blank, text)


def includes(path):
    """(line number, header, is it in angle brackets) of every #include."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if found := re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line):
            yield number, found[2], found[1] == "<"


def finish(problems, good):
    """Prints the problems, or what was checked, and ends the script."""
    for problem in problems:
        print(problem)
    if problems:
        sys.exit(f"{len(problems)} problem(s)")
    print(good)
