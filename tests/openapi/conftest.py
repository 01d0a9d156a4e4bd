"""A proxy in front of the local example that records requests and breaks some of them."""

import http.client
import os
import threading
import time
import urllib.parse
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

API = os.environ["API"]
HEADERS = {"accessToken": "demo-token-that-may-write", "Content-Type": "application/json"}


@dataclass
class Recorded:
    path: str  # Decoded, because clients encode different characters.
    headers: dict
    body: bytes
    time: float


def put(path, headers, body):
    """Sends a request to the API. Returns status, headers and body."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(API).netloc, timeout=60)
    connection.request("PUT", path, body, headers)
    response = connection.getresponse()
    received = response.status, response.getheaders(), response.read()
    connection.close()
    return received


class Proxy(ThreadingHTTPServer):
    """Passes requests on. `faults` has what happens to the first requests of a path, in order.

    A fault is a function. It gets the path and a function that passes the request on, and returns status, headers and
    body, or None to close the connection without a response.
    """

    daemon_threads = True
    request_queue_size = 100

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.recorded = []
        self.faults = {}

    def requests(self, path):
        return [recorded for recorded in self.recorded if recorded.path == path]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        path = urllib.parse.unquote(self.path)
        self.server.recorded.append(Recorded(path, headers, body, time.monotonic()))
        faults = self.server.faults.get(path)
        fault = faults.pop(0) if faults else lambda path, forward: forward()
        response = fault(self.path, lambda: put(self.path, headers, body))
        self.close_connection = True
        if response is None:
            return
        status, headers, body = response
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def proxy():
    server = Proxy()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
