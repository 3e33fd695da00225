# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a name to a connected socket, by every address that the name has."""

from __future__ import annotations

import errno
import queue
import socket
import threading
from typing import NamedTuple

from .breakdown import Breakdown
from .channel import Channel, Deadline


class Endpoint(NamedTuple):
    """An address family and an address in the form that the family's sockets take."""

    family: int
    address: tuple

    def __str__(self) -> str:
        host, port = self.address[:2]
        return f"[{host}]:{port}" if self.family == socket.AF_INET6 else f"{host}:{port}"


#: What a failed attempt to connect means. Windows has numbers of its own, which Python's names follow.
_CAUSES = {
    errno.ECONNREFUSED: "connection_refused",
    errno.ECONNRESET: "server_disconnected",
    errno.ETIMEDOUT: "connection_timeout",
    errno.EADDRNOTAVAIL: "network_unreachable",  # no address of ours can reach one of that kind
    errno.EAFNOSUPPORT: "network_unreachable",  # a system without IPv6
    errno.EHOSTUNREACH: "network_unreachable",
    errno.ENETDOWN: "network_unreachable",
    errno.ENETUNREACH: "network_unreachable",
    errno.EACCES: "network_unreachable",  # a firewall of this machine
    errno.EPERM: "network_unreachable",
}

#: Of several addresses' failures, the one that comes first here tells most about the server.
_TELLING = ("connection_refused", "server_disconnected", "connection_timeout", "network_unreachable")


def resolve(name: str, port: int, deadline: Deadline) -> list[Endpoint]:
    """The addresses of *name*, in the resolver's order.

    The resolver knows no time limit, so it works in a thread, which is left behind if it takes too long.

    :raises Breakdown: it has none, or none in time.
    """
    results: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_look_up, args=(name, port, results), name="resolver", daemon=True).start()
    try:
        found = results.get(timeout=deadline.remaining())
    except queue.Empty:
        raise Breakdown(f"The name {name} did not resolve within {deadline.seconds:g} s.", "dns_failure") from None
    if isinstance(found, Exception):
        raise Breakdown(f"The name {name} does not resolve: {found}", "dns_failure") from None
    return list(dict.fromkeys(Endpoint(family, address) for family, _type, _protocol, _canonical, address in found))


def _look_up(name: str, port: int, results: queue.SimpleQueue) -> None:
    try:
        results.put(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP))
    except (OSError, ValueError) as error:  # UnicodeError: a label that is empty or too long
        results.put(error)


def connect(endpoints: list[Endpoint], deadline: Deadline) -> tuple[Channel, Endpoint, list[str]]:
    """A channel to the first endpoint that answers, that endpoint, and why those before it did not.

    Each address may take its share of the time that is left, so that a dead one leaves time for the next.

    :raises Breakdown: none answers; the text names each with its reason.
    """
    reasons, causes = [], set()
    for position, endpoint in enumerate(endpoints):
        share = deadline.remaining() / (len(endpoints) - position)
        try:
            return Channel(_connected(endpoint, share)), endpoint, reasons
        except OSError as error:
            reason, cause = _judged(error, share)
            reasons.append(f"{endpoint}: {reason}")
            causes.add(cause)
    raise Breakdown("; ".join(reasons), next((cause for cause in _TELLING if cause in causes), None))


def _connected(endpoint: Endpoint, seconds: float) -> socket.socket:
    connection = socket.socket(endpoint.family, socket.SOCK_STREAM)
    try:
        connection.settimeout(max(seconds, 0.001))
        connection.connect(endpoint.address)
        # A command goes out in one piece, and waiting for company would delay it.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connection.close()
        raise
    return connection


def _judged(error: OSError, seconds: float) -> tuple[str, str | None]:
    """What an attempt's exception says, and its cause."""
    if isinstance(error, socket.timeout) and not error.errno:
        return f"no answer within {seconds:.1f} s", "connection_timeout"
    return f"[Errno {error.errno}] {error.strerror}", _CAUSES.get(error.errno)
