#!/usr/bin/env python3
"""Finds two sources of one program that define something of one name.

Two classes, or inline functions, of one name in two sources are one to the linker: it keeps either's members, and no
compiler says so. What is only for one source belongs into an unnamed namespace. Sources of tests are compiled several
together, each in a namespace whose name other groups have too, so that this is not what keeps them apart.

usage: odr.py [--self-test]
"""
import collections
import re
import sys

from source_text import ROOT, finish, sources, without_comments

CLASS = re.compile(r"\b(?:class|struct|union|enum(?:\s+(?:class|struct))?)\s+(?:alignas\s*\([^)]*\)\s*)?([A-Za-z_][\w:]*)\s*(?:final\b)?[^;(){}=]*$")
NAMESPACE = re.compile(r"\b(?:inline\s+)?namespace\s*([\w:]*)\s*$")
SUITE = re.compile(r"\bBOOST_(?:FIXTURE|AUTO)_TEST_SUITE(_END)?\s*\(\s*(\w*)")
CASE = re.compile(r"\bBOOST_(?:AUTO|FIXTURE|DATA)_TEST_CASE\s*\(\s*(\w+)")
INLINE = re.compile(r"\b(?:inline|constexpr|template)\b[^;{}]*?\b([A-Za-z_]\w*)\s*\([^;{}]*\)[^;{}()]*$")


def definitions(text):
    """(qualified name, line) of what has a name for the linker that other sources may have too."""
    text = without_comments(text)
    text = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: "\n" * m[0].count("\n"), text, flags=re.M)
    scopes = []  # (name, kind): kind is "namespace", "unnamed" or "other"
    suites = []
    begin = 0
    for found in re.finditer(r"[{};]", text):
        before = text[begin : found.start()]
        line = text.count("\n", 0, found.start()) + 1
        outside = all(kind == "namespace" for _, kind in scopes)
        if outside:
            for suite in SUITE.finditer(before):
                if suite[1]:
                    suites[-1:] = []
                else:
                    suites.append(suite[2])
            if case := CASE.search(before):
                yield "::".join([*suites, case[1]]), line
        begin = found.end()
        if found[0] == "}":
            if scopes:
                scopes.pop()
            continue
        if found[0] == ";":
            continue
        where = "::".join(name for name, _ in scopes)
        if space := NAMESPACE.search(before):
            scopes.append((space[1], "namespace" if space[1] else "unnamed"))
            continue
        if outside:
            name = CLASS.search(before)
            function = None if name else INLINE.search(before)
            member_of_another = name is not None and "::" in name[1]
            specialisation = re.search(r"\btemplate\s*<\s*>", before)
            if name and not member_of_another and not specialisation:
                yield f"{where}::{name[1]}" if where else name[1], line
            elif function and not specialisation and "::" + function[1] not in before.replace(" ", ""):
                yield f"{where}::{function[1]}()" if where else f"{function[1]}()", line
        scopes.append(("", "other"))


def programs():
    """The sources of each program; those of the library are in every one."""
    library = [path for path in sources("lib") if path.suffix == ".cpp"]
    yield "lib", library
    shared = [path for path in sources("test/support") if path.suffix == ".cpp"]
    for folder in sorted(path for path in (ROOT / "test").iterdir() if path.is_dir()):
        own = [path for path in sources(folder.relative_to(ROOT).as_posix()) if path.suffix == ".cpp"]
        if own and folder.name not in ("support", "fuzz", "readme"):
            yield f"test/{folder.name}", own + shared
    server = [path for path in sources("examples/agent_server") if path.suffix == ".cpp"]
    yield "examples/agent_server", server


def problems_of(program, texts):
    """@param texts pairs of a source's name and its text"""
    found = collections.defaultdict(dict)
    for name, text in texts:
        for what, line in definitions(text):
            found[what].setdefault(name, line)
    for what, places in sorted(found.items()):
        if len(places) > 1:
            where = ", ".join(f"{name}:{line}" for name, line in sorted(places.items()))
            yield f"{program}: {what} is defined in {where}: one is taken for the other; use an unnamed namespace or another name"


def self_test():
    here = """
        namespace assent { namespace { struct Hidden {}; } struct Seen { struct Inner {}; }; enum class Kind { one }; struct Later; }
        struct assent::Outer::Data { int n; };
        template <class T> inline int twice(T t) { struct Local {}; return t; }
        int plain() { return 0; }  // a second one does not link
        namespace { class Fixture : public Seen { class Inner {}; }; }
        BOOST_FIXTURE_TEST_SUITE(suite, Fixture)
        BOOST_AUTO_TEST_CASE(works) { struct Local {}; }
        BOOST_AUTO_TEST_SUITE_END()
    """
    names = [what for what, _ in definitions(here)]
    assert names == ["assent::Seen", "assent::Kind", "twice()", "suite::works"], names
    assert len(list(problems_of("p", [("a.cpp", here), ("b.cpp", here)]))) == 4
    assert not list(problems_of("p", [("a.cpp", here), ("b.cpp", here.replace("Seen", "Unseen").replace("Kind", "Sort")
                                                        .replace("twice", "thrice").replace("works", "fails"))]))
    assert not list(problems_of("p", [("a.cpp", "/* struct A {}; */ #define B struct B {\n"), ("b.cpp", "struct A {};")]))
    print("what is defined twice is found")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    problems, counted = [], []
    for program, paths in programs():
        texts = [(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths]
        problems += problems_of(program, texts)
        counted.append(f"{program}: {len(texts)}")
    finish(problems, ", ".join(counted))


main()
