#!/usr/bin/env python3
"""Finds expressions that g++ 12 compiles wrongly when they share a statement with co_await.

g++ 12 destroys some temporaries twice when the full expression suspends: brace-built aggregates, closures that capture
by value, class-type conditionals; it rejects initializer lists there. It gives no warning. So in a statement with
co_await this check allows names, moves, scalars, literals and parenthesised constructor calls only.

usage: co_await_lint.py [FILE...]        (without files: the whole project)
       co_await_lint.py --self-test
"""
import dataclasses
import pathlib
import re
import sys

from source_text import ROOT, finish, sources, without_comments

TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.']*|->|::|&&|\|\||\"\"|' '|[^\s\w]")
DECLARES_A_SCOPE = {"class", "struct", "union", "enum", "namespace", "extern", "concept"}
SUSPENDS = {"co_await", "co_yield"}
COROUTINE = SUSPENDS | {"co_return"}


@dataclasses.dataclass
class Token:
    text: str
    line: int


@dataclasses.dataclass
class Lambda:
    """Stands for a whole lambda expression in the statement that contains it."""

    line: int
    captures: list
    is_coroutine: bool
    text: str = "<lambda>"

    def by_value(self):
        return [c for c in self.captures if not c.startswith("&") and c not in ("this", "")]


def tokens_of(text):
    text = without_comments(text)
    text = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: "\n" * m[0].count("\n"), text, flags=re.M)
    text = re.sub(r"\[\[[\w\s:,()\"]*\]\]", lambda m: "\n" * m[0].count("\n"), text)  # attributes
    line, at, result = 1, 0, []
    for found in TOKEN.finditer(text):
        line += text.count("\n", at, found.start())
        at = found.start()
        result.append(Token(found[0], line))
    return result


class Linter:
    def __init__(self, name, text):
        self.name, self.tokens, self.at, self.problems = name, tokens_of(text), 0, []

    def run(self):
        while self.at < len(self.tokens):
            self.block()
            self.at += 1  # a stray closing brace: go on behind it
        return self.problems

    def report(self, line, what):
        self.problems.append(f"{self.name}:{line}: {what}")

    def peek(self, ahead=0):
        index = self.at + ahead
        return self.tokens[index].text if index < len(self.tokens) else ""

    def block(self):
        """Reads statements up to the closing brace of the block; says whether they suspend at their own level."""
        coroutine = False
        statement, depth = [], 0
        while self.at < len(self.tokens) and not (self.peek() == "}" and depth == 0):
            token = self.tokens[self.at]
            text = token.text
            if text in "([":
                if text == "[" and self.starts_lambda(statement):
                    statement.append(self.lambda_expression())
                    continue
                depth += 1
            elif text in ")]":
                depth -= 1
            elif text == "{":
                if depth == 0 and self.opens_block(statement):
                    coroutine |= self.check(statement)
                    statement = []
                    self.at += 1
                    coroutine |= self.block()
                    self.at += 1
                    continue
                depth += 1
            elif text == "}":
                depth -= 1
            elif text == ";" and depth == 0:
                coroutine |= self.check(statement)
                statement = []
                self.at += 1
                continue
            statement.append(token)
            self.at += 1
        coroutine |= self.check(statement)
        return coroutine

    def starts_lambda(self, statement):
        if not statement:
            return True
        before = statement[-1].text
        if before in (")", "]", "<lambda>", "auto", '""', "&", "&&") and self.is_binding_or_index(statement):
            return False
        return not re.fullmatch(r"[A-Za-z_]\w*", before) or before in ("return", "co_return", "co_await", "case", "else")

    @staticmethod
    def is_binding_or_index(statement):
        before = statement[-1].text
        if before in ("&", "&&"):
            return len(statement) > 1 and statement[-2].text == "auto"
        return True

    def lambda_expression(self):
        line = self.tokens[self.at].line
        captures, current, depth = [], [], 0
        self.at += 1
        while self.at < len(self.tokens):
            text = self.peek()
            if text == "]" and depth == 0:
                break
            depth += (text in "([{") - (text in ")]}")
            if text == "," and depth == 0:
                captures.append(" ".join(current))
                current = []
            else:
                current.append(text)
            self.at += 1
        captures.append(" ".join(current))
        self.at += 1
        depth = 0
        while self.at < len(self.tokens):  # template parameters, parameters, specifiers, return type
            text = self.peek()
            if text == "{" and depth == 0:
                break
            if text in ";,)" and depth == 0:  # not a lambda after all, such as delete[] or an attribute
                return Lambda(line, [], False)
            depth += (text in "([{") - (text in ")]}")
            self.at += 1
        self.at += 1
        coroutine = self.block()
        self.at += 1
        captures = [capture.replace("& ", "&") for capture in captures if capture]
        if coroutine and captures:
            self.report(line, "a lambda coroutine with captures; pass what it needs as parameters")
        return Lambda(line, captures, coroutine)

    @staticmethod
    def opens_block(statement):
        """Is a brace at this point a block, rather than the start of a braced initialiser?"""
        if not statement:
            return True
        texts = [token.text for token in statement]
        last = texts[-1]
        if last in (")", "else", "do", "try", "const", "noexcept", "override", "final", "mutable", ":", "}"):
            return not (last == "}" and "=" in texts)
        if last in ("&", "&&") and texts[-2:-1] == [")"]:  # a member function with a reference qualifier
            return True
        if any(word in DECLARES_A_SCOPE for word in texts) and "=" not in texts:
            return "co_await" not in texts
        if "->" in texts:  # a trailing return type
            arrow = len(texts) - 1 - texts[::-1].index("->")
            return texts[arrow - 1] in (")", "noexcept", "const", "mutable") and "=" not in texts and "(" not in texts[
                arrow:] and "co_await" not in texts
        return False

    def check(self, statement):
        """Checks one statement; says whether it makes the function around it a coroutine."""
        texts = [token.text for token in statement]
        if "BOOST_OUTCOME_CO_TRYX" in texts:
            self.report(statement[0].line, "BOOST_OUTCOME_CO_TRYX crashes g++ 12; use BOOST_OUTCOME_CO_TRY")
        coroutine = any(text in COROUTINE for text in texts)
        if not any(text in SUSPENDS for text in texts):
            return coroutine
        for index, token in enumerate(statement):
            if token.text == "{":
                self.report(token.line, "a braced initialiser in a statement with co_await; name it on its own line")
            elif token.text == "?":
                self.report(token.line, "?: in a statement with co_await; use if and else")
            elif isinstance(token, Lambda) and token.by_value():
                self.report(token.line, "a lambda that captures by value in a statement with co_await; name it before")
            elif isinstance(token, Lambda) and token.is_coroutine and texts[index + 1:index + 2] == ["("] and sum(
                    text in SUSPENDS for text in texts) > 1:
                self.report(token.line, "a lambda coroutine called beside another co_await; name its result")
            elif re.fullmatch(r"BOOST_(TEST|CHECK|REQUIRE|WARN)\w*", token.text):
                self.report(token.line, "co_await inside a test macro; name the result first")
        return coroutine


def lint(name, text):
    return Linter(name, text).run()


def lint_markdown(name, text):
    problems = []
    for block in re.finditer(r"^```(?:cpp|c\+\+)\n(.*?)^```", text, flags=re.S | re.M):
        problems += lint(name, "\n" * text.count("\n", 0, block.start(1)) + block[1])
    return problems


def lint_file(path):
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    text = path.read_text(encoding="utf-8")
    return lint_markdown(name, text) if path.suffix == ".md" else lint(name, text)


def self_test():
    """Every file in good/ passes; in bad/ exactly the lines that end in `// BAD` are reported."""
    problems, count = [], 0
    for path in sorted((pathlib.Path(__file__).parent / "lint_cases").rglob("*.cpp")):
        lines = path.read_text(encoding="utf-8").splitlines()
        expected = {number for number, line in enumerate(lines, 1) if line.rstrip().endswith("// BAD")}
        found = {int(problem.split(":")[1]) for problem in lint_file(path)}
        name = path.relative_to(ROOT)
        problems += [f"{name}:{number}: not found" for number in sorted(expected - found)]
        problems += [f"{name}:{number}: found without reason: {lines[number - 1].strip()}"
                     for number in sorted(found - expected)]
        count += len(expected)
        if (path.parent.name == "bad") != bool(expected):
            problems.append(f"{name}: is in the wrong folder")
    if count < 20:
        problems.append(f"only {count} bad lines: the cases have been lost")
    finish(problems, f"{count} bad lines found, nothing else")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    files = [pathlib.Path(argument).resolve() for argument in sys.argv[1:]]
    if not files:
        files = [*sources("include", "lib", "test", "bench", "examples"), ROOT / "README.md"]
    files = [path for path in files if path.exists()]
    finish([problem for path in files for problem in lint_file(path)], f"{len(files)} files are clean")


main()
