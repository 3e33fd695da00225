# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start emailproxy with a configuration that is not in force yet, on a port of its own; optionally, log in through it.

It runs on the relay, as root, with the Python of emailproxy's environment: try_proxy.py FOLDER UPSTREAM [--login]. The
configuration lies below FOLDER. It fails, with the reason, if the proxy does not answer or gets no token. Nothing
that is in force is touched. The secret is read from Postfix's map; it is in no argument, and not in what is printed.
"""

from __future__ import annotations

import argparse
import base64
import configparser
import os
import re
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOCALHOST = "127.0.0.1"
_PATIENCE = 20.0  # seconds until it has to listen, and for each answer
_SERVER = re.compile(r"SMTP-(?P<port>[0-9]+)")
_CREDENTIAL = re.compile(r"^LoadCredential=(?P<name>\w+):(?P<path>.+)$", re.MULTILINE)


class NotUsableError(Exception):
    """The configuration cannot be used, in a sentence."""


def main() -> int:
    """Try what the arguments name; 0 if it works."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("upstream")
    parser.add_argument("--login", action="store_true")
    arguments = parser.parse_args()
    try:
        with proxy(arguments.folder, arguments.upstream) as (port, declared_port):
            if arguments.login:
                log_in(port, *login_of(arguments.folder, arguments.upstream, declared_port))
    except NotUsableError as reason:
        sys.stderr.write(f"{arguments.upstream}: {reason}\n")
        return 1
    return 0


@contextmanager
def proxy(folder: Path, upstream: str) -> Iterator[tuple[int, int]]:
    """A proxy that listens for as long as the context lasts: its port, and the one that is declared."""
    config = _read(folder / f"etc/weestimate-relay/oauth/{upstream}.conf")
    declared_port, port = _server(config), free_port()
    config[f"SMTP-{port}"] = dict(config[f"SMTP-{declared_port}"])
    config.remove_section(f"SMTP-{declared_port}")
    unit = folder / f"etc/systemd/system/weestimate-relay-oauth@{upstream}.service.d/credentials.conf"
    credentials = dict(_CREDENTIAL.findall(unit.read_text(encoding="utf-8")))
    with tempfile.TemporaryDirectory() as home:
        path = Path(home, "config")
        with path.open("w", encoding="utf-8") as file:
            _with_own_files(config, credentials).write(file)
        with _running(path, credentials.get("ca")) as process:
            _await_answer(process, port)
            yield port, declared_port


def login_of(folder: Path, upstream: str, port: int) -> tuple[str, str]:
    """The user and the secret with which Postfix would log in for mail without a sender."""
    table = f"regexp:{folder}/etc/postfix/weestimate/login/{upstream}"
    command = ["postmap", "-q", f"[{_LOCALHOST}]:{port}", table]
    found = subprocess.run(  # noqa: S603 # Postfix's own program, without a shell
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    )
    user, colon, secret = found.stdout.rstrip("\n").partition(":")
    if found.returncode or not colon:
        raise NotUsableError("Postfix finds no login for it.")
    return user, secret


def log_in(port: int, user: str, secret: str) -> None:
    """Log in through the proxy, which gets a token for that and presents it to the upstream."""
    try:
        with smtplib.SMTP(_LOCALHOST, port, timeout=_PATIENCE) as server:
            server.ehlo()
            # smtplib's own login takes ASCII only.
            response = base64.b64encode(f"\0{user}\0{secret}".encode()).decode()
            code, reply = server.docmd("AUTH", f"PLAIN {response}")
    except (OSError, smtplib.SMTPException) as error:
        raise NotUsableError(f"the login failed: {error}") from None
    if code != 235:
        raise NotUsableError(f"the login failed: {code} {reply.decode('utf-8', 'replace')}")


def free_port() -> int:
    """A port of the loopback interface on which nothing listens."""
    with socket.socket() as probe:
        probe.bind((_LOCALHOST, 0))
        return probe.getsockname()[1]


def _read(path: Path) -> configparser.ConfigParser:
    config = configparser.ConfigParser(interpolation=None)
    try:
        config.read_string(path.read_text(encoding="utf-8"))
    except (OSError, configparser.Error) as error:
        raise NotUsableError(f"its configuration cannot be read: {error}") from None
    return config


def _server(config: configparser.ConfigParser) -> int:
    found = [match for match in map(_SERVER.fullmatch, config.sections()) if match]
    if len(found) != 1:
        raise NotUsableError("its configuration has not one section for SMTP.")
    return int(found[0]["port"])


def _with_own_files(config: configparser.ConfigParser, credentials: dict[str, str]) -> configparser.ConfigParser:
    """The configuration with the files themselves, in place of the copies that systemd makes for the unit."""
    for section in config.sections():
        for option, name in (("jwt_certificate_path", "certificate"), ("jwt_key_path", "key")):
            if config.has_option(section, option):
                config.set(section, option, credentials[name])
    return config


@contextmanager
def _running(config: Path, ca_file: str | None) -> Iterator[subprocess.Popen[str]]:
    program = Path(sys.executable).with_name("emailproxy")
    command = [str(program), "--no-gui", "--config-file", str(config), "--cache-store", f"{config}.tokens"]
    environment = {**os.environ, "HOME": str(config.parent), **({"SSL_CERT_FILE": ca_file} if ca_file else {})}
    with subprocess.Popen(  # noqa: S603 # the program of its own environment, without a shell
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    ) as process:
        try:
            yield process
        except NotUsableError as reason:
            raise NotUsableError(f"{reason} {_last_words(process)}") from None
        finally:
            process.kill()


def _await_answer(process: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection((_LOCALHOST, port), 1):
            return
        time.sleep(0.1)
    raise NotUsableError("its proxy does not start.")


def _last_words(process: subprocess.Popen[str]) -> str:
    """What the proxy said in the end; it tells no secret and no token unless it is told to debug."""
    process.kill()
    return " ".join(process.communicate()[0].strip().splitlines()[-3:])


if __name__ == "__main__":
    sys.exit(main())
