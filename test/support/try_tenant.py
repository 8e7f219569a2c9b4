#!/usr/bin/env python3
"""Starts the example `tenant`, looks at what it says as a newcomer does, and ends it as they do."""
import json
import re
import signal
import subprocess
import sys
import urllib.request


def main():
    tenant = subprocess.Popen([sys.argv[1], "--port", "0", "--user", "carol"], stdout=subprocess.PIPE, text=True)
    try:
        said = ""
        while "a public client" not in said:
            line = tenant.stdout.readline()
            assert line, "it ended without saying where it listens"
            said += line
        told = dict(re.findall(r"^\s*(\w+)(?:\s+|=)(\S+)$", said, re.M))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
        metadata = json.load(opener.open(told["discovery"]))
        assert metadata["issuer"] == told["issuer"], metadata
        assert told["AUTH0_DOMAIN"] + "/" == told["issuer"] and told["AUTH0_CLIENT_SECRET"], said
        page = opener.open(told["inbox"]).read().decode()
        assert "carol" in page and "development" in page, page
        tenant.send_signal(signal.SIGINT)
        assert tenant.wait(timeout=20) == 0, "it did not end in order"
    finally:
        tenant.kill()


main()
