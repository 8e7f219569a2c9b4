#!/usr/bin/env python3
"""Checks who includes whom.

What a file may include is decided for what it includes itself and for what reaches it through our own headers.
"""
import functools
import re
import sys

from source_text import ROOT, finish, includes, sources

HEAVY = r"boost/beast|boost/asio/ssl"
ASIO_BEYOND_PORTS = r"boost/asio(\.hpp|/(?!awaitable\.hpp|any_io_executor\.hpp))"
CRYPTO = r"openssl/|cjose/|jansson"
TESTING = r"assent/testing/"
UMBRELLA = r"assent/assent\.hpp"

# layer: (files, what none of them may reach, what none of them may include itself)
LAYERS = {
    "vocabulary headers": (
        r"include/assent/(error|outcome|secret|credentials|interrupt|message|model_message|tool_call|principal|http_message|version)\.hpp",
        rf"boost/asio|{HEAVY}|{CRYPTO}|{TESTING}|{UMBRELLA}",
        r"boost/json(\.hpp|/(?!fwd\.hpp|value\.hpp))",
    ),
    "public headers": (
        r"include/assent/(?!testing/)(?!(assent|async|async_agent)\.hpp).*",
        rf"{HEAVY}|{CRYPTO}|{TESTING}|{UMBRELLA}",
        rf"boost/(beast|url|json|outcome|test)\.hpp|{ASIO_BEYOND_PORTS}",
    ),
    "completion tokens": (
        r"include/assent/async(_agent)?\.hpp",
        rf"{HEAVY}|{CRYPTO}|{TESTING}|{UMBRELLA}",
        r"boost/asio(\.hpp|/(?!(awaitable|any_io_executor|any_completion_handler|associator|async_result|cancellation_signal)\.hpp))",
    ),
    "lib/core": (
        r"lib/core/.*",
        rf"{ASIO_BEYOND_PORTS}|{HEAVY}|{TESTING}|{UMBRELLA}",
        r"boost/asio|(protocol|authorizer|agent|fga|http|store|testing|jose)/",
    ),
    "lib/protocol": (
        r"lib/protocol/.*",
        rf"boost/asio|{HEAVY}|{TESTING}|{UMBRELLA}",
        r"(asio|authorizer|agent|fga|http|store|testing)/|openssl/ssl|assent/(clock|store|http_client|observer|runtime)\.hpp",
    ),
    "lib/schema": (
        r"lib/schema/.*",
        rf"boost/asio|{HEAVY}|{TESTING}|{UMBRELLA}",
        r"(asio|authorizer|fga|http|store|testing|jose)/|assent/(clock|store|http_client|observer|runtime)\.hpp",
    ),
    "lib/asio": (r"lib/asio/.*", rf"{HEAVY}|{TESTING}|{UMBRELLA}", r"(protocol|authorizer|agent|fga|http|store|testing|jose)/"),
    "lib/authorizer": (
        r"lib/authorizer/(?!runtime\.cpp).*",  # the runtime puts the default parts together
        rf"{HEAVY}|{TESTING}|{UMBRELLA}",
        r"(http|store|testing)/|assent/(memory_store|beast_\w+)\.hpp",
    ),
    "lib/fga": (
        r"lib/fga/.*",
        rf"{HEAVY}|{TESTING}|{UMBRELLA}",
        r"(http|store|testing)/|assent/(memory_store|beast_\w+)\.hpp",
    ),
    "lib/model": (
        r"lib/model/.*",
        rf"{HEAVY}|{TESTING}|{UMBRELLA}",
        r"(asio|authorizer|fga|agent|http|store|testing|jose)/|assent/(memory_store|beast_\w+)\.hpp",
    ),
    "lib/agent": (
        r"lib/agent/.*",
        rf"{HEAVY}|{TESTING}|{UMBRELLA}",
        r"(http|store|model|fga|testing)/|assent/(memory_store|beast_\w+)\.hpp",
    ),
    "lib/qr": (r"lib/qr/.*", rf"boost/asio|{HEAVY}|{TESTING}|{UMBRELLA}", r"(protocol|asio|authorizer|fga|http|store|testing|jose)/"),
    "lib/jose": (r"lib/jose/.*", rf"boost/asio|{HEAVY}|{TESTING}|{UMBRELLA}", r"(asio|authorizer|agent|fga|http|store|testing)/"),
    "lib/store": (r"lib/store/.*", rf"{HEAVY}|{TESTING}|{UMBRELLA}", r"(protocol|authorizer|fga|http|testing|jose)/"),
    "lib/sqlite": (r"lib/sqlite/.*", rf"{HEAVY}|{TESTING}|{UMBRELLA}", r"(protocol|authorizer|agent|fga|http|store|testing|jose)/"),
    "lib/redis": (
        r"lib/redis/.*",
        rf"{HEAVY}|{TESTING}|{UMBRELLA}",
        # Of lib/http it may know streams on sockets, plain and TLS, so that there is one home of SSL.
        r"(protocol|authorizer|fga|store|testing|jose|sqlite)/|http/(?!socket_io\.hpp|stream\.hpp|tls\.hpp)",
    ),
    "lib/http": (
        r"lib/http/.*",
        rf"{TESTING}|{UMBRELLA}|assent/\w*authoriz\w*\.hpp",
        r"(protocol|authorizer|fga|store|testing|jose)/",
    ),
    "lib/tenant": (
        r"lib/tenant/(?!oauth/).*",
        rf"{HEAVY}|{UMBRELLA}",
        r"(authorizer|store|sqlite)/|boost/asio/(io_context|ip/tcp)",
    ),
    "lib/tenant/oauth": (r"lib/tenant/oauth/.*", rf"{HEAVY}|{UMBRELLA}", r"boost/asio|(asio|authorizer|store|sqlite|tenant/web)/"),
    "lib/testing": (r"lib/testing/.*", rf"{HEAVY}|{UMBRELLA}", r"(http|authorizer|fga)/"),
    # The engine needs neither sockets nor time of its own.
    "lib/tenant/fga": (r"lib/tenant/fga/.*", rf"boost/asio|{HEAVY}|{UMBRELLA}", r"(asio|authorizer|fga|http|store|testing|jose)/"),
    "unit tests": (r"test/unit/.*", HEAVY, r"boost/asio/io_context"),
}
# The only homes of these, whatever the layer.
HOMES = {
    r"boost/beast|boost/asio/ssl|openssl/ssl": r"lib/http/|test/|bench/|examples/",
    r"cjose/|jansson": r"lib/jose/|test/",
    r"qrencode": r"lib/qr/",
    r"sqlite3": r"lib/sqlite/|bench/support/store_sqlite",  # which compares with it
    r"boost/regex|valijson/": r"lib/schema/",
    r"hiredis/": r"lib/redis/",
    r"boost/test/included": r"nowhere",
    r"(?:\.\./)+.*": r"nowhere",
}


def own(header, angled, includer):
    """The project's file that an #include names, or None."""
    roots = [ROOT / "include"] if angled else [includer.parent, ROOT / "lib", ROOT / "test", ROOT / "include"]
    for root in roots:
        if (root / header).is_file():
            return (root / header).resolve()
    return None


@functools.cache
def reached(path):
    """{header: the chain of our files that leads to it} for everything a file includes through our own headers."""
    result, pending, seen = {}, [(path, ())], {path}
    while pending:
        file, chain = pending.pop()
        for _, header, angled in includes(file):
            result.setdefault(header, chain)
            target = own(header, angled, file)
            if target and target not in seen:
                seen.add(target)
                pending.append((target, (*chain, header)))
    return result


def problems_of(path, name, counted):
    direct = list(includes(path))
    for pattern, homes in HOMES.items():
        for number, header, _ in direct:
            if re.match(pattern, header) and not re.match(homes, name):
                yield f"{name}:{number}: may not include {header}: allowed in {homes.replace('|', ' ')}"
    for layer, (files, unreachable, unincluded) in LAYERS.items():
        if not re.fullmatch(files, name):
            continue
        counted[layer] += 1
        for number, header, _ in direct:
            if re.match(unincluded, header):
                yield f"{name}:{number}: {layer} may not include {header}"
        for header, chain in reached(path).items():
            if re.match(unreachable, header):
                yield f"{name}: {layer} may not reach {header}" + (f", through {' > '.join(chain)}" if chain else "")


def self_test():
    """Each file of layering_cases is judged as if it were the file its first line names; its last line says how."""
    problems, counted = [], dict.fromkeys(LAYERS, 0)
    cases = sorted((ROOT / "test/compile/layering_cases").glob("*.txt"))
    for case in cases:
        lines = case.read_text(encoding="utf-8").splitlines()
        name, verdict = lines[0].removeprefix("// as "), lines[-1].removeprefix("// ")
        found = list(problems_of(case, name, counted))
        if bool(found) != (verdict == "refused"):
            problems.append(f"{case.name}: expected {verdict}, found {found or 'nothing'}")
    if len(cases) < 8:
        problems.append(f"only {len(cases)} cases: some have been lost")
    finish(problems, f"{len(cases)} cases judged rightly")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    problems, counted = [], dict.fromkeys(LAYERS, 0)
    for path in sources("include", "lib", "test", "bench", "examples"):
        problems += problems_of(path, path.relative_to(ROOT).as_posix(), counted)
    finish(problems, ", ".join(f"{layer}: {count}" for layer, count in counted.items()))


main()
