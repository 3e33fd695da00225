# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One test send against swaks doing the same: same server, TLS verified, same login, same mail, in turns.

swaks is a program of its own, and its start is part of what a person waits for; the collection's test runs in a process
that is there already. So two things are told of swaks: the whole run, and the conversation alone, from its first line
to its last. The latter is compared with the bare conversation of the collection, from the look-up of the address to the
goodbye. Both sides wait for the same server, whose share is in all figures.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import post
import report
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from instances import Site
from playbook import BenchError, play

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.arguments import SMTP_TEST
from ansible_collections.weestimate.mail.plugins.module_utils.smtp import message
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.dialogue import Login, Route, Trust, converse

REPETITIONS = 25
_LIMIT = 1.3
_TIMEOUT = 60  # seconds for one conversation
_OWN_NAME = f"[{post.ADDRESS}]"

_SWAKS, _SWAKS_TALK, _TALK, _TEST = "swaks", "swaks, conversation", "conversation", "smtp_test"
_TITLES = {
    _SWAKS: "swaks, the whole process",
    _TEST: "smtp_test: stored settings read, mail made and sent",
    _SWAKS_TALK: "swaks, its conversation alone",
    _TALK: "smtp_test, its conversation alone",
}

Seconds = Mapping[str, float]
Act = Callable[[], Seconds]
"""Does something and tells how long it took, by the name of what was measured."""


def measure(folder: Path, forks: int) -> report.Finding:
    """Send by swaks and by the collection.

    :raises BenchError: one of them failed.
    """
    title = f"One test send up to the server's acceptance. Medians of {REPETITIONS}"
    if not shutil.which("swaks"):
        return report.Finding(title, ["Left out: swaks is not installed (Debian: swaks libnet-ssleay-perl)."])
    with post.running(folder / "post") as server:
        site = Site(folder / "site", 1, server.variables())
        site.install(server.options())
        seconds = _medians(server, _acts(server, site))
        play_alone = play("smtp_test", site, forks).wall
    rows = {
        **{_TITLES[name]: seconds[name] for name in _TITLES},
        "ansible-playbook with that one task (a single run)": play_alone,
    }
    lines = [f"{'':<58} {'ms':>8} {'x swaks':>8}"]
    lines += [f"{name:<58} {each * 1000:8.1f} {each / seconds[_SWAKS]:8.2f}" for name, each in rows.items()]
    targets = [
        report.Target("smtp_test: times the whole process of swaks", seconds[_TEST] / seconds[_SWAKS], _LIMIT),
        report.Target("conversation: times that of swaks", seconds[_TALK] / seconds[_SWAKS_TALK], _LIMIT),
    ]
    return report.Finding(title, lines, targets)


def _medians(server: post.Post, acts: list[Act]) -> Seconds:
    """The median times of *acts*, which take turns. A first round warms up and does not count.

    :raises BenchError: not every act has sent a mail.
    """
    rounds = [{name: seconds for act in acts for name, seconds in act().items()} for _round in range(1 + REPETITIONS)]
    if server.count() != len(acts) * len(rounds):
        raise BenchError(f"{server.count()} mails arrived instead of {len(acts) * len(rounds)}.")
    return {name: statistics.median(each[name] for each in rounds[1:]) for name in rounds[0]}


def _acts(server: post.Post, site: Site) -> list[Act]:
    """The three ways to send."""
    settings = {"enable_smtp_send_as": True, "smtp_connect_as": server.login}
    mail = message.compose(message.APPROVAL, settings, [post.RECIPIENT], post.ACTING_USER, message.new_token())
    file = site.folder / "mail"
    file.write_bytes(mail.content)
    arguments = _arguments(server, site)
    return [
        lambda: _by_swaks(server, file),
        lambda: _by_conversation(server, mail),
        lambda: _by_command(arguments),
    ]


def _by_swaks(server: post.Post, mail: Path) -> Seconds:
    where = ["--server", post.ADDRESS, "--port", str(server.port), "--ehlo", _OWN_NAME]
    tls = ["--tls", "--tls-verify", "--tls-ca-path", str(server.ca_file)]
    login = ["--auth", "PLAIN", "--auth-user", server.login, "--auth-password", server.password]
    envelope = ["--from", server.login, "--to", post.RECIPIENT, "--data", f"@{mail}"]
    quiet = ["--hide-send", "--hide-receive"]
    started = time.monotonic()
    with subprocess.Popen(
        ["swaks", *where, *tls, *login, *envelope, *quiet], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        said = [(time.monotonic(), line) for line in process.stdout or ()]
    whole = time.monotonic() - started
    lines = [line for _moment, line in said]
    if process.returncode or "Trying" not in lines[0] or "Connection closed" not in lines[-1]:
        raise BenchError(f"swaks failed: {''.join(lines)}")
    return {_SWAKS: whole, _SWAKS_TALK: said[-1][0] - said[0][0]}


def _by_conversation(server: post.Post, mail: message.Outgoing) -> Seconds:
    started = time.monotonic()
    route, trust = Route(post.ADDRESS, server.port, "starttls"), Trust(ca_file=str(server.ca_file))
    told = converse(route, trust, Login(server.login, server.password), mail, "message", _TIMEOUT)
    if told.failure:
        raise BenchError(f"The conversation failed: {told.failure}")
    return {_TALK: time.monotonic() - started}


def _by_command(arguments: Mapping[str, Any]) -> Seconds:
    started = time.monotonic()
    told = commands.smtp_test(arguments, check_mode=False)
    if told["failure"]:
        raise BenchError(f"The test failed: {told['failure']}")
    return {_TEST: time.monotonic() - started}


def _arguments(server: post.Post, site: Site) -> Mapping[str, Any]:
    """The arguments of the module, with its defaults."""
    given = {
        "store": {"driver": "sqlite", "path": str(site.database(site.hosts[0]))},
        "to": [post.RECIPIENT],
        "acting_user": post.ACTING_USER,
        "tls": {"ca_file": str(server.ca_file)},
    }
    validated = ArgumentSpecValidator(SMTP_TEST).validate(given)
    if validated.error_messages:
        raise BenchError(f"smtp_test does not take its arguments: {validated.error_messages}")
    return validated.validated_parameters
