# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: make the certificates, serve, list what arrived."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from mailserver import archive, certificates, server


def _certificates(arguments: argparse.Namespace) -> None:
    certificates.make(arguments.directory, tuple(arguments.name) or ("localhost", "127.0.0.1"))


def _serve(arguments: argparse.Namespace) -> None:
    # From standard input the passwords of the accounts reach the server without ever being in a file; and the server
    # ends when its standard input does.
    piped = arguments.configuration == "-"
    text = sys.stdin.readline() if piped else Path(arguments.configuration).read_text("utf-8")
    configuration = server.Configuration.parse(json.loads(text))
    asyncio.run(server.serve(configuration, arguments.ready_file, sys.stdin if piped else None))


def _list(arguments: argparse.Namespace) -> None:
    for mail in archive.read(arguments.directory):
        arrival = mail.arrival
        print("  ".join((mail.file.name, arrival.listener, arrival.tls or "no TLS", arrival.authenticated_as or "-")))
        for header in ("From", "Reply-To", "To", "Subject"):
            if mail.message[header]:
                print(f"    {header}: {mail.message[header]}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mailserver", description="A mail server for demos and tests.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    make = command("certificates", _certificates, "make an authority and a server certificate")
    make.add_argument("directory", type=Path)
    make.add_argument("--name", action="append", default=[], help="a host name or address the certificate is for")

    serve = command("serve", _serve, "run the mail server in the foreground")
    serve.add_argument(
        "configuration", help="JSON file; or - for one line on standard input, whose end is the server's"
    )
    serve.add_argument("--ready-file", type=Path, help="written when all listeners take connections")

    listing = command("list", _list, "show the mails that arrived")
    listing.add_argument("directory", type=Path)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
