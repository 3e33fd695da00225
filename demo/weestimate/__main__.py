# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: make an instance, serve it, control it, make it send.

Prints one JSON object on success; on failure one sentence on standard error, with exit code 1.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

from weestimate import control, database, instance, message, server
from weestimate.errors import WeEstimateError


def _create_instance(arguments: argparse.Namespace) -> dict[str, Any]:
    smtp = json.loads(Path(arguments.smtp).read_text(encoding="utf-8")) if arguments.smtp else {}
    arguments.directory.mkdir(parents=True, exist_ok=True)
    made = instance.Instance(
        directory=arguments.directory.absolute(),
        name=arguments.name or arguments.directory.name,
        control_port=arguments.control_port,
        control_host=arguments.control_host,
        ca_file=arguments.ca_file,
        implicit_tls_ports=(465, *arguments.implicit_tls_port),
        lifeline=arguments.lifeline,
    )
    database.create(made.database, smtp)
    made.save()
    return {"instance": made.name, "database": str(made.database), "control_url": made.control_url}


def _serve(arguments: argparse.Namespace) -> None:
    server.serve(instance.load(arguments.directory))


def _control(arguments: argparse.Namespace) -> dict[str, Any]:
    target = instance.load(arguments.directory)
    if arguments.action == "stop":
        return {"instance": target.name, "stopped": control.stop(target)}
    return {"start": control.start, "restart": control.restart, "status": control.status}[arguments.action](target)


def _send(arguments: argparse.Namespace) -> dict[str, Any]:
    content = {name: getattr(arguments, name) for name in ("acting_user", "to", "reference", "mpoc")}
    answer = control.call(instance.load(arguments.directory), "POST", f"/{arguments.kind}", content)
    if not answer.get("sent"):
        raise WeEstimateError(f"Not sent: {answer.get('reason')}")
    return answer


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="weestimate", description="An embedded WeEstimate for demos and tests.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    create = command("create-instance", _create_instance, "make the database and the description of an instance")
    create.add_argument("directory", type=Path)
    create.add_argument("--name", help="default: the name of the directory")
    create.add_argument("--control-port", type=int, required=True, help="port of the approval server's HTTP control")
    create.add_argument("--control-host", default="127.0.0.1", help="default: %(default)s")
    create.add_argument("--ca-file", default="", help="authorities trusted for mail servers; default: the machine's")
    create.add_argument("--implicit-tls-port", type=int, action="append", default=[], help="a port like 465")
    create.add_argument("--lifeline", default="", help="file; the server ends when nobody holds a lock on it")
    create.add_argument("--smtp", metavar="FILE", help="JSON object of SMTP options with their stored text or null")

    serve = command("serve", _serve, "run the approval server in the foreground")
    serve.add_argument("directory", type=Path)

    controls = command("control", _control, "start, stop, recycle or look at the approval server")
    controls.add_argument("action", choices=("start", "stop", "restart", "status"))
    controls.add_argument("directory", type=Path)

    send = command("send", _send, "make the approval server send a mail")
    send.add_argument("kind", choices=(message.APPROVAL, message.CUSTOMER_DOCUMENT))
    send.add_argument("directory", type=Path)
    send.add_argument("--acting-user", required=True, help="mail address of the person who acts")
    send.add_argument("--to", required=True, help="mail address of the approver or the customer")
    send.add_argument("--reference", default="NG-1001", help="the proposal; default: %(default)s")
    send.add_argument("--mpoc", default="", help="mail address of the customer's main point of contact")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        result = arguments.run(arguments)
    except (WeEstimateError, OSError, ValueError, sqlite3.Error) as error:
        print(error, file=sys.stderr)
        return 1
    if result is not None:
        print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
