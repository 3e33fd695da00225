# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A relay is examined: its upstreams by real conversations, Postfix by programs of this test that answer as its own."""

from __future__ import annotations

import json
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "smtp/support"))

from authority import Authority  # found through the line above
from canary import Canary
from hostile import HostileServer
from relayprograms import RelayPrograms

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.relay import credential, queue
from ansible_collections.weestimate.mail.plugins.module_utils.relay.examination import examine

DATA = Path(__file__).parent / "data"
MAILBOX = "notifications@contoso.com"
SECRET = Canary.named("clientsecret")

NO_DOORS = {"certificate": None, "login_socket": None}

#: The proxy's line in the journal, as emailproxy 2026.7.3 wrote it.
NO_TOKEN = (
    f"Caught exception while requesting OAuth 2.0 credentials for account {MAILBOX}: {{'error': 'invalid_client', "
    "'error_description': 'AADSTS7000215: Invalid client secret provided.'}"
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tls(authority: Authority) -> ssl.SSLContext:
    return authority.server("127.0.0.1")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RelayPrograms:
    programs = RelayPrograms(tmp_path)
    monkeypatch.setenv("PATH", programs.path)
    return programs


def planned(server: HostileServer, **more: Any) -> dict[str, Any]:
    """An upstream of a plan that Postfix speaks to itself."""
    nexthop = f"[{server.host}]:{server.port}"
    return {
        "name": "outside",
        "transport": "relay-outside",
        "nexthop": nexthop,
        "security": "none",
        "wrapper": False,
        "ca_file": None,
        "auth": "none",
        "identity": "mailbox",
        "mailbox": None,
        "sasl_key": nexthop,
        "proxy": None,
        **more,
    }


def behind_proxy(proxy: HostileServer, upstream: HostileServer, authority: Authority, **more: Any) -> dict[str, Any]:
    """An upstream of a plan that is reached through the OAuth proxy."""
    of_proxy = {
        "port": proxy.port,
        "host": upstream.host,
        "server_port": upstream.port,
        "starttls": True,
        "ca_file": str(authority.ca_file),
        "credential": "secret",
        "expires": "2027-03-31",
        "certificate": None,
    }
    return planned(
        proxy, name="exchange", transport="relay-exchange", auth="oauth", mailbox=MAILBOX, proxy=of_proxy, **more
    )


def examined(upstream: Mapping[str, Any]) -> dict[str, Any]:
    (found,) = examine({**NO_DOORS, "upstreams": [upstream], "timeout": 5})["upstreams"]
    assert SECRET.traces_in(json.dumps(found)) == []
    return found


@pytest.mark.usefixtures("host")
def test_an_upstream_without_a_login_is_greeted_only() -> None:
    with HostileServer() as server:
        found = examined(planned(server))

        assert server.verbs == ["EHLO", "QUIT"]
    assert found["reach"]["failed_stage"] is None
    assert (found["login"], found["stored"], found["credential"]) == (None, False, None)


def test_a_password_is_tried_in_the_conversation_that_shows_the_certificate(
    host: RelayPrograms, authority: Authority, tls: ssl.SSLContext
) -> None:
    with HostileServer(tls=tls) as server:
        host.knows(f"[127.0.0.1]:{server.port}", MAILBOX, SECRET)
        wanted = planned(server, auth="password", security="secure", ca_file=str(authority.ca_file))
        found = examined(wanted)

        assert server.verbs == ["EHLO", "STARTTLS", "EHLO", "AUTH", "QUIT"]
    assert found["login"]["failed_stage"] is None
    assert found["reach"]["tls"]["expires_in_days"] in (29, 30)


def test_tls_from_the_first_byte(authority: Authority, tls: ssl.SSLContext, host: RelayPrograms) -> None:
    with HostileServer(tls=tls, implicit=True) as server:
        host.knows(f"[127.0.0.1]:{server.port}", MAILBOX, SECRET)
        wanted = planned(server, auth="password", security="secure", wrapper=True, ca_file=str(authority.ca_file))

        assert examined(wanted)["login"]["failed_stage"] is None


def test_a_certificate_that_is_not_trusted_is_shown_no_login(host: RelayPrograms, tls: ssl.SSLContext) -> None:
    with HostileServer(tls=tls) as server:
        host.knows(f"[127.0.0.1]:{server.port}", MAILBOX, SECRET)
        found = examined(planned(server, auth="password", security="secure"))

        assert "AUTH" not in server.verbs
    assert found["reach"]["failed_stage"] == "tls"
    assert found["reach"]["failure"]["cause"] == "certificate_untrusted"


def test_a_login_that_is_not_stored_is_not_tried(
    tls: ssl.SSLContext, authority: Authority, host: RelayPrograms
) -> None:
    with HostileServer(tls=tls) as server:
        found = examined(planned(server, auth="password", security="secure", ca_file=str(authority.ca_file)))

        assert "AUTH" not in server.verbs
    assert (found["stored"], found["login"]) == (False, None)
    assert f"postmap -q [127.0.0.1]:{server.port} texthash:/logins" in host.asked.read_text("utf-8")


def test_behind_the_proxy_both_are_asked(host: RelayPrograms, authority: Authority, tls: ssl.SSLContext) -> None:
    with HostileServer() as proxy, HostileServer(tls=tls) as upstream:
        host.knows(f"[127.0.0.1]:{proxy.port}", MAILBOX, SECRET)
        found = examined(behind_proxy(proxy, upstream, authority))

        assert upstream.verbs == ["EHLO", "STARTTLS", "EHLO", "QUIT"]
        assert proxy.verbs == ["EHLO", "AUTH", "QUIT"]
    assert found["route"] == {"address": "127.0.0.1", "port": upstream.port, "mode": "starttls"}
    assert (found["reach"]["failed_stage"], found["login"]["failed_stage"]) == (None, None)
    assert found["credential"] == {"kind": "secret", "expires_at": "2027-03-31", "problem": None}


def test_where_each_sender_logs_in_as_itself_the_mailbox_is_looked_up_first(
    host: RelayPrograms, authority: Authority, tls: ssl.SSLContext
) -> None:
    with HostileServer() as proxy, HostileServer(tls=tls) as upstream:
        host.knows(MAILBOX, MAILBOX, SECRET)
        found = examined(behind_proxy(proxy, upstream, authority, identity="sender"))

    assert found["stored"]
    assert found["login"]["failed_stage"] is None


def test_why_there_is_no_token_is_read_from_the_log_of_the_proxy(
    host: RelayPrograms, authority: Authority, tls: ssl.SSLContext
) -> None:
    host.write("journal", json.dumps({"MESSAGE": f"{NO_TOKEN} {SECRET}"}) + "\n")
    refusal = {"AUTH": "535 5.7.8 Authentication credentials invalid."}
    with HostileServer(refusal) as proxy, HostileServer(tls=tls) as upstream:
        host.knows(f"[127.0.0.1]:{proxy.port}", MAILBOX, SECRET)
        found = examined(behind_proxy(proxy, upstream, authority))

    assert found["login"]["failed_stage"] == "auth"
    assert "AADSTS7000215: Invalid client secret provided." in found["token"]
    assert "_SYSTEMD_UNIT=weestimate-relay-oauth@exchange.service" in host.asked.read_text("utf-8")


def test_no_secret_is_in_the_arguments_of_a_program(
    host: RelayPrograms, authority: Authority, tls: ssl.SSLContext
) -> None:
    with HostileServer() as proxy, HostileServer(tls=tls) as upstream:
        host.knows(f"[127.0.0.1]:{proxy.port}", MAILBOX, SECRET)
        examined(behind_proxy(proxy, upstream, authority))

    assert SECRET.traces_in(host.asked.read_text("utf-8")) == []


def test_a_server_that_does_not_answer_holds_no_other_up(host: RelayPrograms) -> None:
    with HostileServer({"banner": lambda peer: peer.wait()}) as silent, HostileServer() as server:
        found = examine({**NO_DOORS, "upstreams": [planned(silent), planned(server)], "timeout": 1})

    assert [each["reach"]["failed_stage"] for each in found["upstreams"]] == ["banner", None]
    assert host.asked.exists()


def test_a_relay_with_a_sink_has_its_queue_only(host: RelayPrograms) -> None:
    host.write("queue", (DATA / "queue-3.7.jsonl").read_text("utf-8"))
    host.program("postfix", "exit 1")

    found = examine({**NO_DOORS, "upstreams": [], "timeout": 1})

    assert found["upstreams"] == []
    assert (found["runs"], found["on_trial"]) == (False, False)
    assert found["queue"]["length"] > 15


def test_a_trial_is_known_by_what_it_softens(host: RelayPrograms) -> None:
    host.program("postconf", '[ "$*" = "-hx soft_bounce" ] && echo yes')

    assert examine({**NO_DOORS, "upstreams": [], "timeout": 1})["on_trial"] is True


def test_a_host_without_postfix_is_named_as_such(host: RelayPrograms) -> None:
    host.program("postqueue", "echo 'postqueue: fatal: Cannot open file' >&2; exit 1")

    with pytest.raises(MailSettingsError) as caught:
        examine({**NO_DOORS, "upstreams": [], "timeout": 1})

    assert caught.value.code == "relay_unwell"
    assert "Cannot open file" in caught.value.message


def test_the_queue_in_sum_names_nobody() -> None:
    mails = list(queue.parsed((DATA / "queue-3.7.jsonl").read_text("utf-8")))

    told = queue.summary(mails, now=mails[0].arrived + 7200)

    assert told["length"] == len(mails)
    assert told["held"] == 1
    assert 7100 < told["oldest_seconds"] < 7300
    assert told["reasons"][0]["count"] > 1
    assert [entry["count"] for entry in told["reasons"]] == sorted(
        (entry["count"] for entry in told["reasons"]), reverse=True
    )
    assert "pat@" not in json.dumps(told)


def test_replies_that_differ_in_a_time_only_are_one_reason() -> None:
    reply = "said: 451 4.7.500 Server busy <pat@contoso.com> [AM0PR01CA{n:04} 2026-11-22T10:00:{n:02}.000Z 08DE{n:012}]"
    people = [(queue.Recipient("pat@contoso.com", reply.format(n=number)),) for number in range(20)]
    mails = [queue.Queued(f"A{number}", queue.WAITING, 1, each) for number, each in enumerate(people)]

    assert queue.summary(mails, now=2)["reasons"] == [{"reason": "said: 451 4.7.500 Server busy … …", "count": 20}]


def test_an_empty_queue() -> None:
    assert queue.summary([]) == {"length": 0, "held": 0, "oldest_seconds": 0, "reasons": []}


def test_the_end_of_a_certificate_is_read_from_its_file(authority: Authority) -> None:
    found = credential.end_of("certificate", None, str(authority.ca_file))

    assert found["problem"] is None
    assert found["expires_at"].endswith("+00:00")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read (No such file or directory)"),
        ("no", "holds no certificate in PEM"),
        (f"{ssl.PEM_HEADER}\nAAAA\n{ssl.PEM_FOOTER}\n", "holds no certificate that can be read"),
    ],
)
def test_a_file_that_is_no_certificate_is_named(tmp_path: Path, content: str | None, problem: str) -> None:
    file = tmp_path / "app.crt"
    if content:
        file.write_text(content, "utf-8")

    assert credential.end_of("certificate", None, str(file)) == {
        "kind": "certificate",
        "expires_at": None,
        "problem": f"{file} {problem}",
    }
