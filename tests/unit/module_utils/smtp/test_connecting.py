# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and addresses: which are tried, in what time, and what is told when none answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from hostile import HostileServer
from talk import MAIL, NOBODY, held_to, stage, talk

from ansible_collections.weestimate.mail.plugins.module_utils.smtp import connecting
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.dialogue import Report, Route, Trust, converse


def reach(address: str, port: int, timeout: float = 5) -> Report:
    return converse(Route(address, port, "plain"), Trust(), NOBODY, MAIL, "message", timeout)


def endpoint(host: str, port: int) -> tuple:
    """An entry of what the resolver returns."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port, 0, 0) if ":" in host else (host, port)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list | Exception]:
    """Names of our own, for no resolver can be relied on to have one with two addresses. All else is real."""
    known: dict[str, list | Exception] = {}

    def look_up(name, *_arguments, **_keywords):
        if isinstance(known[name], Exception):
            raise known[name]
        return known[name]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.fixture
def closed_port() -> int:
    """A port on which nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port on which nobody answers: Linux ignores who comes when the queue of those who wait to be let in is full."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as listener:
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _each in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        yield port
        for client in waiting:
            client.close()


def test_a_name():
    with HostileServer() as server:
        report = reach("localhost", server.port)
    assert report.failure is None
    assert "127.0.0.1" in stage(report, "dns").detail
    assert report.peer == f"127.0.0.1:{server.port}"


def test_ipv6():
    if not socket.has_ipv6:
        pytest.skip("there is no IPv6 on this machine")
    try:
        server = HostileServer(host="::1")
    except OSError as error:
        pytest.skip(f"there is no IPv6 on this machine: {error}")
    with server:
        report = talk(server)
    assert report.failure is None
    assert report.peer == f"[::1]:{server.port}"
    assert any(line.startswith(("EHLO [IPv6:::1]", f"EHLO {socket.gethostname()}")) for line in server.heard)


def test_a_dead_address_before_a_living_one(names, closed_port):
    with HostileServer() as server:
        names["mail.example.com"] = [endpoint("127.0.0.1", closed_port), endpoint("127.0.0.1", server.port)]
        report = reach("mail.example.com", server.port)
    assert report.failure is None
    assert report.peer == f"127.0.0.1:{server.port}"
    assert f"before it 127.0.0.1:{closed_port}: [Errno 111]" in stage(report, "connect").detail


def test_a_deaf_address_leaves_time_for_a_living_one(names, deaf_port):
    with HostileServer() as server:
        names["mail.example.com"] = [endpoint("127.0.0.1", deaf_port), endpoint("127.0.0.1", server.port)]
        with held_to(1.4):
            report = reach("mail.example.com", server.port, timeout=1)
    assert report.failure is None
    assert 400 < stage(report, "connect").elapsed_ms < 900
    assert "no answer within 0.5 s" in stage(report, "connect").detail


def test_no_address_answers(names, closed_port, deaf_port):
    names["mail.example.com"] = [
        endpoint("127.0.0.1", deaf_port),
        endpoint("127.0.0.1", closed_port),
        endpoint("127.0.0.1", deaf_port),  # once is enough
    ]
    with held_to(1):
        report = reach("mail.example.com", 25, timeout=0.4)
    assert (report.failed_stage, report.failure.cause, report.peer) == ("connect", "connection_refused", None)
    assert f"127.0.0.1:{deaf_port}: no answer within 0.2 s" in report.failure.text
    assert f"127.0.0.1:{closed_port}: [Errno 111] Connection refused" in report.failure.text
    assert report.failure.text.count("no answer") == 1


def test_refused(closed_port):
    report = reach("127.0.0.1", closed_port)
    assert (report.failed_stage, report.failure.cause) == ("connect", "connection_refused")


def test_deaf(deaf_port):
    with held_to(1):
        report = reach("127.0.0.1", deaf_port, timeout=0.3)
    assert (report.failed_stage, report.failure.cause) == ("connect", "connection_timeout")


def test_unreachable():
    """No TCP connection goes to everybody at once."""
    report = reach("255.255.255.255", 25)
    assert (report.failed_stage, report.failure.cause) == ("connect", "network_unreachable")


def test_a_kind_of_address_that_the_system_does_not_know(names):
    names["mail.example.com"] = [(9999, socket.SOCK_STREAM, 0, "", ("x", 25))]
    report = reach("mail.example.com", 25)
    assert (report.failed_stage, report.failure.cause) == ("connect", "network_unreachable")


@pytest.mark.parametrize("number", [socket.EAI_NONAME, socket.EAI_AGAIN])
def test_a_name_that_nobody_knows(names, number):
    names["mail.example.com"] = socket.gaierror(number, "Name or service not known")
    report = reach("mail.example.com", 25)
    assert (report.failed_stage, report.failure.cause) == ("dns", "dns_failure")
    assert "mail.example.com" in report.failure.text
    assert f"[Errno {number}] Name or service not known" in report.failure.text


@pytest.mark.parametrize("name", ["mail..example.com", "x" * 64 + ".example.com", ".example.com"])
def test_a_name_that_cannot_be_one(name):
    report = reach(name, 25)
    assert (report.failed_stage, report.failure.cause) == ("dns", "dns_failure")


def test_a_resolver_that_does_not_answer(monkeypatch):
    """The one wait that cannot be ended is left behind, in a thread that keeps no process alive."""
    answer = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_keywords: answer.wait(5))
    with held_to(0.7):
        report = reach("mail.example.com", 25, timeout=0.3)
    assert (report.failed_stage, report.failure.cause) == ("dns", "dns_failure")
    left = [thread for thread in threading.enumerate() if thread.name == "resolver"]
    answer.set()
    assert [thread.daemon for thread in left] == [True]
    left[0].join(1)
    assert not left[0].is_alive()


def test_nothing_is_left_behind(closed_port):
    with HostileServer() as server:
        before = threading.active_count()
        for port in (server.port, closed_port):
            reach("127.0.0.1", port)
        assert "resolver" not in {thread.name for thread in threading.enumerate()}
    assert threading.active_count() <= before


def test_addresses_as_people_write_them():
    assert str(connecting.Endpoint(socket.AF_INET, ("192.0.2.1", 25))) == "192.0.2.1:25"
    assert str(connecting.Endpoint(socket.AF_INET6, ("2001:db8::1", 25, 0, 0))) == "[2001:db8::1]:25"
