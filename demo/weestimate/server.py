# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The approval server: reads the settings when it starts, and sends when its HTTP control tells it to.

GET  /health             what it runs with (of the password only whether there is one), since when, which generation
POST /approval           send an approval mail; body: {"acting_user", "to", "reference"?}
POST /customer-document  send a document mail; body: {"acting_user", "to", "reference"?, "mpoc"?}

An answer to a POST is {"sent": true, …} with 200, or {"sent": false, "reason": …} with 400 (bad request), 409 (the
settings say that nothing is sent) or 502 (the mail server did not take it).
"""

from __future__ import annotations

import json
import os
import signal
import socketserver
import sys
import threading
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from weestimate import database, delivery, lock, message
from weestimate.errors import WeEstimateError
from weestimate.instance import Instance
from weestimate.settings import SmtpSettings

_MAX_BODY = 64 * 1024  # bytes
_LIFELINE_PAUSE = 0.5  # seconds between two looks at the lifeline


class ApprovalServer:
    """One run of the approval server, with the settings it found at its start."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.settings = SmtpSettings.decode(database.read(instance.database))
        self.generation = instance.next_generation()
        self.started_at = _now()

    def health(self) -> dict[str, Any]:
        """What it runs with."""
        return {
            "instance": self.instance.name,
            "pid": os.getpid(),
            "generation": self.generation,
            "started_at": self.started_at,
            "settings": self.settings.public(),
        }

    def handle(self, request: message.Request) -> tuple[int, dict[str, Any]]:
        """Do what *request* asks for; return an HTTP status and the answer."""
        reason = self._keeps_silent(request)
        if reason:
            return 409, {"sent": False, "reason": reason}
        outgoing = message.compose(request, self.settings, self.instance.name)
        try:
            delivery.send(outgoing, self.settings, self.instance)
        except WeEstimateError as error:
            return 502, {"sent": False, "reason": str(error)}
        return 200, {
            "sent": True,
            "from": outgoing.sender,
            "reply_to": outgoing.message["Reply-To"],
            "recipients": list(outgoing.recipients),
            "message_id": outgoing.message["Message-ID"],
        }

    def _keeps_silent(self, request: message.Request) -> str:
        """Why nothing is to be sent; empty if it is."""
        if not self.settings.mail_enabled:
            return "SMTP Mail Enabled is off: nothing is sent."
        if request.kind == message.CUSTOMER_DOCUMENT and not self.settings.use_smtp_email:
            return "Use SMTP Email is off: the document opens in Outlook and is not sent from here."
        return ""


class _Control(BaseHTTPRequestHandler):
    """The HTTP face of an ApprovalServer."""

    approval_server: ApprovalServer
    timeout = 30  # seconds a client may keep a connection without saying anything

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(200, self.approval_server.health())
        else:
            self._answer(404, {"reason": "Unknown path."})

    def do_POST(self) -> None:
        kind = self.path.lstrip("/")
        if kind not in (message.APPROVAL, message.CUSTOMER_DOCUMENT):
            self._answer(404, {"sent": False, "reason": "Unknown path."})
            return
        try:
            request = message.Request.parse(kind, self._body())
        except WeEstimateError as error:
            self._answer(400, {"sent": False, "reason": str(error)})
            return
        status, answer = self.approval_server.handle(request)
        _log(event=kind, generation=self.approval_server.generation, status=status, **answer)
        self._answer(status, answer)

    def _body(self) -> Any:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _MAX_BODY:
            raise WeEstimateError("The body has no length or is too long.")
        try:
            return json.loads(self.rfile.read(int(length)))
        except ValueError:
            raise WeEstimateError("The body is not JSON.") from None

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing per request: what matters is logged where it happens."""


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without asking the resolver for this host's name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


def serve(instance: Instance) -> None:
    """Run the approval server of *instance* in this process until SIGTERM, SIGINT or the end of its lifeline.

    :raises WeEstimateError: it runs already, its settings cannot be understood, or its port is taken.
    """
    try:
        with lock.hold(instance.pid_file) as pid_file:
            pid_file.truncate(0)
            pid_file.write(f"{os.getpid()}\n")
            pid_file.flush()
            _run(ApprovalServer(instance))
    except BlockingIOError:
        raise WeEstimateError(f"The approval server of {instance.name} runs already.") from None


def _run(approval_server: ApprovalServer) -> None:
    """Serve until told to end."""
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    with _listen(approval_server) as http:
        worker = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        worker.start()
        _log(event="started", **approval_server.health())
        lifeline = approval_server.instance.lifeline
        while not end.wait(_LIFELINE_PAUSE) and (not lifeline or lock.is_held(Path(lifeline))):
            pass
        http.shutdown()
    _log(event="stopped", generation=approval_server.generation)


def _listen(approval_server: ApprovalServer) -> _HttpServer:
    """Take the control port."""
    instance = approval_server.instance
    handler = type("Control", (_Control,), {"approval_server": approval_server})
    try:
        return _HttpServer((instance.control_host, instance.control_port), handler)
    except OSError as error:
        raise WeEstimateError(f"Cannot listen on {instance.control_url}: {error.strerror}") from error


def _log(**content: Any) -> None:
    print(json.dumps({"at": _now(), **content}), file=sys.stdout, flush=True)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
