# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mail is looked for in the folders of an IMAP mailbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from authority import Authority
from scripted_imap import ImapServer

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.mailbox import Arrival, Search, open_mailbox

TOKEN = "k7Qw2"
TEST_MAIL = {"subject": f"Approval {TOKEN}", "x_weestimate_mail_test": TOKEN}


def _look(imap: dict[str, Any], search: Search, *, timeout: float = 0, delete: bool = False) -> Arrival | None:
    with open_mailbox({"imap": imap, "timeout": 5}) as mailbox:
        return mailbox.wait_for(search, timeout, 0.05, delete)


def _refusal(imap: dict[str, Any], **changes: Any) -> MailSettingsError:
    with pytest.raises(MailSettingsError) as caught, open_mailbox({"imap": {**imap, **changes}, "timeout": 5}):
        pass
    assert caught.value.code == "mailbox_unavailable"
    return caught.value


@contextmanager
def _later(work: Callable[[], Any]) -> Iterator[None]:
    timer = threading.Timer(0.3, work)
    timer.start()
    yield
    timer.join()


def test_a_mail_in_the_inbox(server: ImapServer, imap: dict[str, Any]) -> None:
    server.deliver(subject="another")
    server.deliver(**TEST_MAIL, authentication_results="mx; spf=pass; dkim=fail")
    arrival = _look(imap, Search(token=TOKEN))

    assert arrival == Arrival(
        folder="INBOX",
        junk=False,
        seconds=arrival.seconds,
        authentication_results={"spf": "pass", "dkim": "fail", "dmarc": None, "raw": "mx; spf=pass; dkim=fail"},
        subject=f"Approval {TOKEN}",
    )
    assert 0 <= arrival.seconds < 2


def test_a_mail_among_junk(server: ImapServer, imap: dict[str, Any]) -> None:
    server.deliver("Junk", **TEST_MAIL)
    arrival = _look(imap, Search(token=TOKEN))

    assert (arrival.folder, arrival.junk) == ("Junk", True)


def test_a_mail_that_arrives_while_it_is_waited_for(server: ImapServer, imap: dict[str, Any]) -> None:
    with _later(lambda: server.deliver(**TEST_MAIL)):
        arrival = _look(imap, Search(token=TOKEN), timeout=5)

    assert 0.2 < arrival.seconds < 3


def test_a_mail_that_does_not_arrive(imap: dict[str, Any]) -> None:
    begin = time.monotonic()

    assert _look(imap, Search(token=TOKEN), timeout=0.3) is None
    assert 0.3 <= time.monotonic() - begin < 3


def test_a_server_that_searches_the_usual_headers_only(server: ImapServer, imap: dict[str, Any]) -> None:
    server.knows_all_headers = False
    server.deliver(**TEST_MAIL)

    assert _look(imap, Search(token=TOKEN)).folder == "INBOX"


def test_a_mail_whose_subject_was_changed_on_the_way(server: ImapServer, imap: dict[str, Any]) -> None:
    server.deliver(subject="[EXTERNAL]", x_weestimate_mail_test=TOKEN)

    assert _look(imap, Search(token=TOKEN)).subject == "[EXTERNAL]"


def test_a_hit_of_the_server_s_is_looked_at_once_more(server: ImapServer, imap: dict[str, Any]) -> None:
    mail = server.deliver(subject="another")
    server.script["UID SEARCH"] = b"* SEARCH %d\r\nTAG OK done\r\n" % mail.uid

    assert _look(imap, Search(token=TOKEN)) is None


def test_looking_changes_nothing(server: ImapServer, imap: dict[str, Any]) -> None:
    mail = server.deliver("Junk", **TEST_MAIL)
    _look(imap, Search(token=TOKEN))

    assert not mail.flags
    assert not [command for command in server.heard if command.startswith(("SELECT", "UID STORE", "EXPUNGE", "CLOSE"))]
    assert server.heard[-1] == "LOGOUT"


def test_only_that_mail_is_deleted(server: ImapServer, imap: dict[str, Any]) -> None:
    marked_by_its_owner, test_mail = server.deliver(subject="old"), server.deliver(**TEST_MAIL)
    marked_by_its_owner.flags.add(r"\Deleted")
    arrival = _look(imap, Search(token=TOKEN), delete=True)

    assert arrival.warning is None
    assert server.folders['"INBOX"'] == [marked_by_its_owner]
    assert r"\Deleted" in test_mail.flags


def test_where_single_mails_cannot_be_deleted_it_is_marked_and_said(server: ImapServer, imap: dict[str, Any]) -> None:
    server.capabilities = "IMAP4rev1 AUTH=PLAIN"
    mail = server.deliver(**TEST_MAIL)
    arrival = _look(imap, Search(token=TOKEN), delete=True)

    assert arrival.warning.endswith("cannot delete a single mail; the test mail is marked as deleted in INBOX.")
    assert r"\Deleted" in mail.flags
    assert "EXPUNGE" not in " ".join(server.heard)


def test_a_mail_that_may_not_be_deleted_has_arrived_nevertheless(server: ImapServer, imap: dict[str, Any]) -> None:
    server.deliver(**TEST_MAIL)
    server.script["SELECT"] = b"TAG NO [NOPERM] read only\r\n"
    arrival = _look(imap, Search(token=TOKEN), delete=True)

    assert arrival.folder == "INBOX"
    assert "does not delete the test mail: [NOPERM] read only. Delete it by hand." in arrival.warning


def test_folders_by_name(server: ImapServer, imap: dict[str, Any]) -> None:
    server.listing.append(rb'() "/" "Entw&APw-rfe"')
    server.folders['"Entw&APw-rfe"'] = []
    server.deliver("INBOX", **TEST_MAIL)
    server.deliver("Entw&APw-rfe", **TEST_MAIL)
    arrival = _look({**imap, "folders": ["Entwürfe"]}, Search(token=TOKEN))

    assert (arrival.folder, arrival.junk) == ("Entwürfe", False)


def test_a_named_junk_folder_is_still_for_junk(server: ImapServer, imap: dict[str, Any]) -> None:
    server.deliver("Junk", **TEST_MAIL)

    assert _look({**imap, "folders": ["Junk"]}, Search(token=TOKEN)).junk


def test_a_folder_that_is_not_there(imap: dict[str, Any]) -> None:
    assert "there is no folder Spam; there are INBOX, Junk." in _refusal(imap, folders=["Spam"]).message


def test_the_marks_of_folders_are_asked_for_where_they_must_be(server: ImapServer, imap: dict[str, Any]) -> None:
    server.capabilities += " SPECIAL-USE LIST-EXTENDED"
    _look(imap, Search(token=TOKEN))

    assert 'LIST "" "*" RETURN (SPECIAL-USE)' in server.heard


# Watching for a mail of somebody else's


def test_only_what_arrives_from_now_on_is_watched_for(server: ImapServer, imap: dict[str, Any]) -> None:
    server.deliver(subject="Approval 1")

    assert _look(imap, Search(subject="approval"), timeout=0.2) is None
    with _later(lambda: server.deliver("Junk", subject="Approval 2")):
        arrival = _look(imap, Search(subject="approval"), timeout=5)

    assert (arrival.subject, arrival.folder) == ("Approval 2", "Junk")


def test_mails_that_do_not_match_are_passed_by(server: ImapServer, imap: dict[str, Any]) -> None:
    def arrive() -> None:
        for number in range(60):
            server.deliver(subject=f"Newsletter {number}", **{"from": "Bot <bot@example.com>"})
        server.deliver(subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=", **{"from": "Ann <ann@example.org>"})

    with _later(arrive):
        arrival = _look(imap, Search(subject="grüße", sender="ann@example.org"), timeout=5)

    assert arrival.subject == "Grüße"


def test_a_mail_that_goes_away_while_it_is_looked_at(server: ImapServer, imap: dict[str, Any]) -> None:
    server.script["UID SEARCH"] = b"* SEARCH 4711\r\nTAG OK done\r\n"

    assert _look(imap, Search(subject="approval"), timeout=0.1) is None


# Logging in


def test_a_token_logs_in(server: ImapServer, imap: dict[str, Any]) -> None:
    server.deliver(**TEST_MAIL)

    assert _look({**imap, "password": None, "oauth_token": server.token}, Search(token=TOKEN))
    assert "AUTHENTICATE XOAUTH2" in server.heard


def test_the_command_login_where_there_is_nothing_better(server: ImapServer, imap: dict[str, Any]) -> None:
    server.capabilities = "IMAP4rev1"
    server.deliver(**TEST_MAIL)

    assert _look(imap, Search(token=TOKEN))
    assert any(command.startswith("LOGIN ") for command in server.heard)


@pytest.mark.parametrize(
    ("changes", "capabilities"),
    [
        pytest.param({"password": "wrong-hunter2"}, "IMAP4rev1 AUTH=PLAIN", id="AUTHENTICATE PLAIN"),
        pytest.param({"password": "wrong-hunter2"}, "IMAP4rev1", id="LOGIN"),
        pytest.param({"password": None, "oauth_token": "wrong-hunter2"}, "IMAP4rev1 AUTH=XOAUTH2", id="XOAUTH2"),
    ],
)
def test_a_wrong_login(server: ImapServer, imap: dict[str, Any], changes: dict[str, Any], capabilities: str) -> None:
    server.capabilities = capabilities
    error = _refusal(imap, **changes)

    assert error.message.startswith(f"The IMAP server 127.0.0.1:{server.port} does not take the login: ")
    assert error.message.endswith(": [AUTHENTICATIONFAILED] Authentication failed.")
    assert "hunter2" not in str(error.result())


@pytest.mark.parametrize(
    ("changes", "capabilities", "told"),
    [
        ({}, "IMAP4rev1 LOGINDISABLED", "it offers no login by password"),
        ({"password": None, "oauth_token": "t"}, "IMAP4rev1 AUTH=PLAIN", "it does not offer XOAUTH2"),
        ({"password": "hunter2\r\nx LOGOUT"}, "IMAP4rev1", "a line end or a zero byte cannot be sent"),
    ],
)
def test_logins_that_are_not_tried(
    server: ImapServer, imap: dict[str, Any], changes: dict[str, Any], capabilities: str, told: str
) -> None:
    server.capabilities = capabilities
    error = _refusal(imap, **changes)

    assert told in error.message
    assert "hunter2" not in str(error.result())
    assert not [command for command in server.heard if command.startswith(("LOGIN", "AUTHENTICATE"))]


def test_a_server_that_knows_its_client_asks_for_no_login(server: ImapServer, imap: dict[str, Any]) -> None:
    server.script["greeting"] = b"* PREAUTH hello ann\r\n"
    server.deliver(**TEST_MAIL)

    assert _look(imap, Search(token=TOKEN))
    assert not [command for command in server.heard if command.startswith(("LOGIN", "AUTHENTICATE"))]


# Encryption


def test_a_certificate_of_an_unknown_authority(imap: dict[str, Any]) -> None:
    error = _refusal(imap, tls={**imap["tls"], "ca_file": None})

    assert "offers no encryption that can be trusted" in error.message
    assert "confirm.imap.tls.ca_file" in error.remedy


def test_a_certificate_for_another_host(authority: Authority, imap: dict[str, Any]) -> None:
    with ImapServer(authority.server("mail.example.org")) as other:
        assert "127.0.0.1" in _refusal(imap, port=other.port).message
        unverified = {**imap, "port": other.port, "tls": {**imap["tls"], "verify": False}}
        assert _look(unverified, Search(token=TOKEN)) is None


def test_no_password_is_sent_before_the_server_is_trusted(server: ImapServer, imap: dict[str, Any]) -> None:
    _refusal(imap, tls={**imap["tls"], "ca_file": None})

    assert server.heard == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"host": "127.0.0.1", "port": 1}, "cannot be reached"),
        ({"host": "nowhere.invalid"}, "nowhere.invalid does not resolve"),
        ({"host": "a..b"}, "cannot be reached"),
    ],
)
def test_a_server_that_cannot_be_reached(imap: dict[str, Any], changes: dict[str, Any], told: str) -> None:
    error = _refusal(imap, **changes)

    assert told in error.message
    assert error.remedy.startswith("Check confirm.imap.host and port")
