#!/usr/bin/env python3
"""Starts the agent server as an operator does, ends it in the midst of things, and looks at what its clients see: try_agent_server.py PROGRAM"""
import http.client
import json
import re
import signal
import subprocess
import sys
import threading
import time


class Client:
    """One person's browser."""

    def __init__(self, port, name):
        self.port = port
        self.origin = f"http://127.0.0.1:{port}"
        self.cookie, self.csrf = "", ""
        status, headers, _ = self.ask("POST", "/api/login", {"name": name})
        assert status == 200, status
        self.cookie = headers["Set-Cookie"].split(";")[0]
        self.csrf = json.loads(self.ask("GET", "/api/me")[2])["csrf"]

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Origin": self.origin, "Cookie": self.cookie, "X-Csrf-Token": self.csrf}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text


def events_of(client, ended):
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=30)
    connection.request("GET", "/events", headers={"Cookie": client.cookie})
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    first = answer.read(1)  # the stream is under way
    assert first, "no event came"

    def read_on():
        try:
            answer.read()  # to the last chunk: a connection that is cut off raises
            ended.append("in order")
        except (OSError, http.client.HTTPException) as trouble:
            ended.append(repr(trouble))

    thread = threading.Thread(target=read_on)
    thread.start()
    return thread


def main():
    program = subprocess.Popen([sys.argv[1], "--port", "0", "--tenant-port", "0", "--notice", "2"], stdout=subprocess.PIPE, text=True)
    try:
        said = ""
        while "Ctrl-C" not in said:
            line = program.stdout.readline()
            assert line, f"the server ended; it said:\n{said}"
            said += line
        port = int(re.search(r"chat +http://localhost:(\d+)/", said).group(1))
        alice = Client(port, "alice")
        health = alice.ask("GET", "/healthz")
        assert health[0] == 200 and json.loads(health[2]) == {"status": "ok"}, health
        turn = alice.ask("POST", "/chat", {"chat": "a", "text": "Buy 100 ZEKO"})
        assert turn[0] == 200 and "ASYNC_AUTHORIZATION_AUTHORIZATION_PENDING" in turn[2], turn
        metrics = alice.ask("GET", "/metrics")[2]
        for line in metrics.splitlines():
            assert re.fullmatch(r"# TYPE \w+ (counter|summary|gauge)|\w+(\{\w+=\"[^\"]*\"(,\w+=\"[^\"]*\")*\})? [-+.e\d]+", line), line
        assert re.search(r'^assent_audit_total\{.*event="requested".*tool="buy_stock".*\} 1$', metrics, re.M), metrics
        # Hostile or mistaken requests.
        stranger = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        stranger.request("GET", "/", headers={"Host": "evil.example"})
        answer = stranger.getresponse()
        assert answer.status == 421 and answer.read() is not None, answer.status
        for path, headers, status in [("/chat", {"Origin": "http://evil.example", "Content-Type": "application/json"}, 403),
                                      ("/chat", {"Origin": alice.origin, "Content-Type": "text/plain"}, 415),
                                      ("/chat", {"Origin": alice.origin, "Content-Type": "application/json", "X-Csrf-Token": "wrong"}, 403)]:
            stranger.request("POST", path, "{}", {"Cookie": alice.cookie, **headers})
            answer = stranger.getresponse()
            answer.read()
            assert answer.status == status, (headers, answer.status)
        page = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        page.request("GET", "/")
        answer = page.getresponse()
        answer.read()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"] and answer.headers["X-Content-Type-Options"] == "nosniff"

        # So many windows of one person, and no more.
        ended = []
        threads = [events_of(alice, ended) for _ in range(20)]
        assert alice.ask("GET", "/events")[0] == 429

        program.send_signal(signal.SIGTERM)
        began = time.monotonic()
        while (health := alice.ask("GET", "/healthz"))[0] == 200 and time.monotonic() - began < 2:
            time.sleep(0.02)
        assert health[0] == 503 and json.loads(health[2]) == {"status": "draining"}, health
        turn = alice.ask("POST", "/chat", {"chat": "b", "text": "Buy 2 ZEKO"})  # whoever still comes is served
        assert turn[0] == 200 and "Purchased 2 shares of ZEKO" in turn[2], turn
        assert program.wait(timeout=30) == 0, program.returncode
        for thread in threads:
            thread.join(timeout=10)
        assert ended == ["in order"] * 20, ended
    finally:
        program.kill()
        program.wait()
    print("it serves, refuses, says that it ends, and ends in order")


main()
