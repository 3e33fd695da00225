# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A web server on loopback with the part of Mailpit's API that a client needs to look for a mail.

It answers as Mailpit's sources of July 2026 do. Any answer can be replaced, also by what no Mailpit would say.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from canary import Canary


@dataclass
class Caught:
    """One mail: its key and its header fields, each with the values of all fields of that name."""

    key: str
    fields: dict[str, list[str]]


class SmallMailpit:
    """``mails`` has the newest first, as Mailpit lists them; ``requests`` are methods and paths.

    ``script`` makes an answer as raw pieces of bytes with the status line, or None for the usual answer.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.user = "ann"
        self.password: Canary | None = None
        self.mails: list[Caught] = []
        self.requests: list[str] = []
        self.script: Callable[[SmallMailpit], Iterable[bytes] | None] | None = None
        self.ended = threading.Event()
        self.said = 0
        self._count = 0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.mailpit = self
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="Mailpit")

    def __enter__(self) -> SmallMailpit:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()  # waits for the requests under way
        self._thread.join()

    def deliver(self, **fields: str | list[str]) -> str:
        """Let a mail arrive; its key. ``x_my_header`` becomes ``X-My-Header``."""
        self._count += 1
        named = {name.title().replace("_", "-"): value for name, value in fields.items()}
        values = {name: value if isinstance(value, list) else [value] for name, value in named.items()}
        self.mails.insert(0, Caught(f"key-{self._count}", values))
        return self.mails[0].key


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    mailpit: SmallMailpit

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves in the middle is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10
    server: _Server

    def do_GET(self) -> None:
        """Lists, searches, and headers."""
        mails = self.server.mailpit.mails
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/api/v1/messages":
            self._list(mails, query)
        elif url.path == "/api/v1/search":
            wanted = query["query"].removeprefix("subject:").strip('"')
            self._list([mail for mail in mails if wanted in mail.fields.get("Subject", [""])[0]], query)
        else:
            self._answer(*_header_of(mails, url.path))

    def do_DELETE(self) -> None:
        """The mails that are named; all, if none is."""
        mailpit = self.server.mailpit
        keys = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["IDs"]
        mailpit.mails = [mail for mail in mailpit.mails if keys and mail.key not in keys]
        self._answer(200, b"ok")

    def parse_request(self) -> bool:
        """What comes before every answer: noting the request, playing the script, asking who is there."""
        if not super().parse_request():
            return False
        mailpit = self.server.mailpit
        mailpit.requests.append(f"{self.command} {self.path}")
        pieces = mailpit.script(mailpit) if mailpit.script else None
        if pieces is not None:
            self._play(pieces)
            return False
        login = base64.b64encode(f"{mailpit.user}:{mailpit.password}".encode()).decode()
        if mailpit.password and self.headers["Authorization"] != f"Basic {login}":
            self._answer(401, b"Unauthorized.\n")
            return False
        return True

    def _play(self, pieces: Iterable[bytes]) -> None:
        self.close_connection = True
        with suppress(OSError):
            for piece in pieces:
                self.server.mailpit.said += len(piece)
                self.wfile.write(piece)

    def _list(self, mails: list[Caught], query: dict[str, str]) -> None:
        found = [{"ID": mail.key} for mail in mails[: int(query["limit"])]]
        self._answer(200, json.dumps({"total": len(mails), "messages": found}).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Requests are kept in a list instead."""


def _header_of(mails: list[Caught], path: str) -> tuple[int, bytes]:
    for mail in mails:
        if path == f"/api/v1/message/{mail.key}/headers":
            return 200, json.dumps(mail.fields).encode()
    return 404, b"404 page not found"
