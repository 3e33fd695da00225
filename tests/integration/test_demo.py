# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded WeEstimate and the mail server keep what they promise, as real processes on the loopback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from mailserver import archive, certificates, process, server
from showcase import ansible, terminal, workspace
from weestimate import control, database, instance, lock
from weestimate.errors import WeEstimateError

DEMO = Path(__file__).resolve().parents[2] / "demo"
LOGIN, PASSWORD = "notifications@example.com", "s3cret, \"quoted\" {{ braces }} and 'more'"
SHARED = "quotes@example.com"
ALICE, BOB, CUSTOMER, MPOC = "alice@example.com", "bob@example.com", "buyer@example.net", "mpoc@example.net"
STRICT = replace(server.SUBMISSION, name="strict", strict_from=True)
APPROVAL = {"acting_user": ALICE, "to": BOB}
DOCUMENT = {"acting_user": ALICE, "to": CUSTOMER, "mpoc": MPOC}


@dataclass(frozen=True)
class Post:
    """The running mail server as the tests see it."""

    directory: Path
    ports: dict[str, int]

    @property
    def ca_file(self) -> Path:
        return self.directory / "certificates" / "ca.pem"

    def last(self) -> archive.KeptMail:
        return list(archive.read(self.directory / "mails"))[-1]

    def count(self) -> int:
        return len(list(archive.read(self.directory / "mails")))

    def authenticated(self, **options: str) -> dict[str, str]:
        """SMTP options for the submission listener."""
        return {
            "SMTP Mail Enabled": "TRUE",
            "SMTP Address": "127.0.0.1",
            "SMTP Port": str(self.ports["submission"]),
            "Use SSL": "TRUE",
            "SMTP User": LOGIN,
            "SMTP Password": PASSWORD,
            "Enable SMTP Send As": "TRUE",
            "SMTP Connect As": LOGIN,
            **options,
        }

    def relay(self, **options: str) -> dict[str, str]:
        """SMTP options for the internal relay."""
        port = str(self.ports["internal-relay"])
        return {"SMTP Mail Enabled": "TRUE", "SMTP Address": "127.0.0.1", "SMTP Port": port, **options}


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    directory = tmp_path_factory.mktemp("post")
    certificates.make(directory / "certificates")
    configuration = {
        "mails": directory / "mails",
        "certificates": directory / "certificates",
        "accounts": {LOGIN: {"password": PASSWORD, "send_as": [SHARED]}},
        "listeners": [asdict(listener) for listener in (*server.DEFAULT_LISTENERS, STRICT)],
    }
    with process.running(configuration, directory) as ports:
        yield Post(directory, ports)


Start = Callable[..., instance.Instance]


@pytest.fixture
def start(post: Post, tmp_path: Path) -> Iterator[Start]:
    """Start an approval server with the SMTP options given; it is stopped when the test ends."""
    started = []
    lifeline = tmp_path / "lifeline"

    def run(smtp: dict[str, str | None]) -> instance.Instance:
        directory = tmp_path / f"instance-{len(started)}"
        directory.mkdir()
        made = instance.Instance(
            directory=directory,
            name=directory.name,
            control_port=_free_port(),
            ca_file=str(post.ca_file),
            implicit_tls_ports=(465, post.ports["submissions"]),
            lifeline=str(lifeline),
        )
        database.create(made.database, smtp)
        made.save()
        started.append(made)
        control.start(made)
        return made

    with lock.hold(lifeline):
        yield run
    for made in started:
        control.stop(made)
        assert control.running_pid(made) is None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def _send(made: instance.Instance, kind: str, content: dict[str, str]) -> dict[str, object]:
    return control.call(made, "POST", f"/{kind}", content)


def _addresses(mail: archive.KeptMail) -> dict[str, object]:
    """What tells who a mail is from and for."""
    return {
        "from": mail.message["From"],
        "reply_to": mail.message["Reply-To"],
        "envelope": mail.arrival.sender,
        "recipients": set(mail.arrival.recipients),
    }


# --- who a mail is from ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "content", "recipients"),
    [("approval", APPROVAL, {BOB}), ("customer-document", DOCUMENT, {CUSTOMER, MPOC})],
)
@pytest.mark.parametrize("connect_as", [LOGIN, SHARED])
def test_send_as_on(
    post: Post, start: Start, kind: str, content: dict[str, str], recipients: set[str], connect_as: str
) -> None:
    made = start(post.authenticated(**{"SMTP Connect As": connect_as}))
    assert _send(made, kind, content)["sent"] is True
    mail = post.last()
    assert _addresses(mail) == {
        "from": connect_as,
        "reply_to": ALICE,
        "envelope": connect_as,
        "recipients": recipients,
    }
    assert mail.arrival.listener == "submission"
    assert mail.arrival.authenticated_as == LOGIN
    assert mail.arrival.tls.startswith("TLSv1.")


@pytest.mark.parametrize(
    ("kind", "content", "recipients"),
    [("approval", APPROVAL, {BOB}), ("customer-document", DOCUMENT, {CUSTOMER, MPOC})],
)
def test_send_as_off(post: Post, start: Start, kind: str, content: dict[str, str], recipients: set[str]) -> None:
    made = start(post.relay(**{"SMTP Connect As": LOGIN}))
    assert _send(made, kind, content)["sent"] is True
    mail = post.last()
    assert _addresses(mail) == {"from": ALICE, "reply_to": None, "envelope": ALICE, "recipients": recipients}
    assert (mail.arrival.listener, mail.arrival.tls, mail.arrival.authenticated_as) == ("internal-relay", "", "")


def test_documents_also_go_to_self_and_not_to_the_mpoc(post: Post, start: Start) -> None:
    made = start(post.relay(**{"Send SMTP to Self": "TRUE", "Include MPOC as a Recipient When Sending a QP": "FALSE"}))
    _send(made, "customer-document", DOCUMENT)
    assert set(post.last().arrival.recipients) == {CUSTOMER, ALICE}
    _send(made, "approval", APPROVAL)
    assert set(post.last().arrival.recipients) == {BOB}


def test_implicit_tls(post: Post, start: Start) -> None:
    made = start(post.authenticated(**{"SMTP Port": str(post.ports["submissions"])}))
    assert _send(made, "approval", APPROVAL)["sent"] is True
    arrival = post.last().arrival
    assert arrival.listener == "submissions"
    assert arrival.authenticated_as == LOGIN
    assert arrival.tls.startswith("TLSv1.")


# --- what is not sent, and why -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"Enable SMTP Send As": "FALSE"}, f"554 5.2.252 SendAsDenied; {LOGIN} not allowed to send as {ALICE}"),
        ({"SMTP Password": "wrong"}, "535 5.7.3 Authentication unsuccessful"),
        ({"SMTP User": None, "SMTP Password": None}, "530 5.7.57 Client not authenticated to send mail."),
        ({"Use SSL": "FALSE"}, "SMTP AUTH extension not supported by server."),
        ({"SMTP Connect As": None}, "550 5.7.1 Mandatory From Header is missing or invalid"),
        ({"SMTP Mail Enabled": "FALSE"}, "SMTP Mail Enabled is off: nothing is sent."),
    ],
)
def test_refusals(post: Post, start: Start, options: dict[str, str | None], reason: str) -> None:
    made = start({**post.authenticated(), **options})
    before = post.count()
    assert _send(made, "approval", APPROVAL) == {"sent": False, "reason": reason}
    assert post.count() == before


def test_documents_open_in_outlook_when_use_smtp_email_is_off(post: Post, start: Start) -> None:
    made = start(post.relay(**{"Use SMTP Email": "FALSE"}))
    before = post.count()
    assert "Outlook" in str(_send(made, "customer-document", DOCUMENT)["reason"])
    assert post.count() == before
    assert _send(made, "approval", APPROVAL)["sent"] is True


def test_an_unknown_authority_is_not_trusted(post: Post, start: Start, tmp_path: Path) -> None:
    certificates.make(tmp_path / "other")
    made = start(post.authenticated())
    content = json.loads((made.directory / "instance.json").read_text("utf-8"))
    content["ca_file"] = str(tmp_path / "other" / "ca.pem")
    (made.directory / "instance.json").write_text(json.dumps(content), "utf-8")
    control.restart(made)
    assert str(_send(made, "approval", APPROVAL)["reason"]).startswith("TLS failed: CERTIFICATE_VERIFY_FAILED")


@pytest.mark.parametrize("headers", [[], ["not an address"], [LOGIN, LOGIN]])
def test_the_from_header_is_mandatory(post: Post, headers: list[str]) -> None:
    text = "".join(f"From: {value}\r\n" for value in headers) + "Subject: x\r\n\r\nx\r\n"
    with _logged_in(post) as client, pytest.raises(smtplib.SMTPDataError) as caught:
        client.sendmail(LOGIN, BOB, text)
    assert caught.value.smtp_code == 550
    assert b"5.7.1 Mandatory From Header is missing or invalid" in caught.value.smtp_error


def test_the_envelope_sender_is_judged_too(post: Post) -> None:
    message = EmailMessage()
    message["From"] = LOGIN
    with _logged_in(post) as client, pytest.raises(smtplib.SMTPDataError) as caught:
        client.send_message(message, ALICE, [BOB])
    assert b"SendAsDenied" in caught.value.smtp_error


def test_a_strict_listener_takes_a_foreign_from_for_an_invalid_one(post: Post, start: Start) -> None:
    port = str(post.ports["strict"])
    made = start(post.authenticated(**{"SMTP Port": port, "Enable SMTP Send As": "FALSE"}))
    answer = _send(made, "approval", APPROVAL)
    assert answer == {"sent": False, "reason": "550 5.7.1 Mandatory From Header is missing or invalid"}
    database.write(made.database, {"Enable SMTP Send As": "TRUE", "SMTP Connect As": SHARED})
    control.restart(made)
    assert _send(made, "approval", APPROVAL)["sent"] is True
    assert post.last().arrival.listener == "strict"


def test_a_strict_listener_judges_the_envelope_sender_as_the_others_do(post: Post) -> None:
    message = EmailMessage()
    message["From"] = LOGIN
    with _logged_in(post, "strict") as client, pytest.raises(smtplib.SMTPDataError, match="SendAsDenied"):
        client.send_message(message, ALICE, [BOB])


def _logged_in(post: Post, listener: str = "submission") -> smtplib.SMTP:
    client = smtplib.SMTP("127.0.0.1", post.ports[listener], "[127.0.0.1]", 10)
    client.starttls(context=ssl.create_default_context(cafile=str(post.ca_file)))
    client.login(LOGIN, PASSWORD)
    return client


# --- the approval server -----------------------------------------------------------------------------------------


def test_settings_are_read_only_at_start(post: Post, start: Start) -> None:
    made = start(post.relay(**{"SMTP Mail Enabled": "FALSE"}))
    database.write(made.database, {"SMTP Mail Enabled": "TRUE"})
    first = control.status(made)
    assert (first["generation"], first["settings"]["mail_enabled"]) == (1, False)
    assert _send(made, "approval", APPROVAL)["sent"] is False

    second = control.restart(made)
    assert (second["generation"], second["settings"]["mail_enabled"]) == (2, True)
    assert second["started_at"] > first["started_at"]
    assert _send(made, "approval", APPROVAL)["sent"] is True


def test_the_password_is_neither_shown_nor_logged(post: Post, start: Start) -> None:
    made = start(post.authenticated(**{"SMTP Password": "canary-4711"}))
    assert control.status(made)["settings"]["password"] == "set"
    _send(made, "approval", APPROVAL)
    assert control.call(made, "GET", "/health")["instance"] == made.name
    files = [file for file in made.directory.iterdir() if file != made.database]
    assert made.log_file in files
    assert not [file for file in files if b"canary" in file.read_bytes()]


@pytest.mark.parametrize(
    "content",
    [[], "text", {"to": BOB}, {**APPROVAL, "unknown": "x"}, {**APPROVAL, "to": 1}],
)
def test_a_bad_request_sends_nothing(post: Post, start: Start, content: object) -> None:
    made = start(post.relay())
    before = post.count()
    assert control.call(made, "POST", "/approval", content)["sent"] is False
    assert post.count() == before


@pytest.mark.parametrize("option", ["Use SSL", "SMTP Port"])
def test_options_that_cannot_be_understood_are_named(post: Post, start: Start, option: str) -> None:
    with pytest.raises(WeEstimateError, match=f"did not start.*{option}"):
        start(post.relay(**{option: "maybe"}))


def test_start_and_stop_are_idempotent(post: Post, start: Start) -> None:
    made = start(post.relay())
    first = control.status(made)
    assert control.start(made) == first
    assert control.stop(made) is True
    assert control.stop(made) is False
    with pytest.raises(WeEstimateError, match="does not run"):
        control.status(made)


def test_a_killed_server_is_not_taken_for_a_running_one(post: Post, start: Start) -> None:
    made = start(post.relay())
    pid = control.running_pid(made)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    _wait_until(lambda: control.running_pid(made) is None)
    assert made.pid_file.read_text("ascii").strip() == str(pid)
    assert control.start(made)["generation"] == 2


def test_a_second_server_for_the_same_instance_is_refused(post: Post, start: Start) -> None:
    made = start(post.relay())
    done = _weestimatectl("serve", str(made.directory))
    assert done.returncode == 1
    assert "runs already" in done.stderr
    assert control.status(made)["generation"] == 1


def test_a_taken_port_is_reported(post: Post, start: Start) -> None:
    made = start(post.relay())
    control.stop(made)
    with socket.create_server(("127.0.0.1", made.control_port)), pytest.raises(WeEstimateError, match="Cannot listen"):
        control.start(made)


def test_it_ends_with_its_lifeline(tmp_path: Path) -> None:
    made, lifeline = tmp_path / "short", tmp_path / "lifeline"
    _weestimatectl("create-instance", str(made), "--control-port", str(_free_port()), "--lifeline", str(lifeline))
    with lock.hold(lifeline):
        assert json.loads(_weestimatectl("control", "start", str(made)).stdout)["generation"] == 1
        assert control.running_pid(instance.load(made))
    _wait_until(lambda: control.running_pid(instance.load(made)) is None)


def test_the_command_line_makes_an_instance_and_sends(post: Post, tmp_path: Path) -> None:
    directory, options = str(tmp_path / "north"), tmp_path / "smtp.json"
    options.write_text(json.dumps(post.relay()), "utf-8")
    port = str(_free_port())
    _weestimatectl("create-instance", directory, "--control-port", port, "--smtp", str(options))
    try:
        assert _weestimatectl("control", "start", directory).returncode == 0
        done = _weestimatectl("send", "approval", directory, "--acting-user", ALICE, "--to", BOB)
        assert json.loads(done.stdout)["from"] == ALICE
        assert post.last().message["X-WeEstimate-Instance"] == "north"
    finally:
        assert json.loads(_weestimatectl("control", "stop", directory).stdout)["stopped"] is True
    done = _weestimatectl("control", "status", directory)
    assert (done.returncode, done.stderr) == (1, "The approval server of north does not run.\n")


def _weestimatectl(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DEMO / "weestimatectl"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def _wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


# --- the demo as a whole -----------------------------------------------------------------------------------------


@pytest.fixture
def bare_demo(tmp_path: Path) -> Path:
    """The folder demo alone, so that there is no collection to install and the demo has to fail at that step."""
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(DEMO, tmp_path / "demo", ignore=ignored))


def _instances(demo: Path) -> list[instance.Instance]:
    return [instance.load(file.parent) for file in (demo.parent / ".demo" / "instances").glob("*/instance.json")]


def _all_ended(demo: Path) -> bool:
    """Whether neither an approval server nor the mail server is left, and the mail server had been there."""
    logs = demo.parent / ".demo" / "logs"
    mail_server = (logs / "mail-server.log").exists() and not (logs / "mail-server.ready").exists()
    return mail_server and not any(control.running_pid(made) for made in _instances(demo))


@pytest.mark.slow
def test_a_demo_that_fails_says_why_and_leaves_nothing_running(bare_demo: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(bare_demo / "run")], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert "2. As found" in done.stdout
    assert "The demo failed: ansible-galaxy failed; the end of .demo/logs/install.log:" in done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert len(_instances(bare_demo)) == 6
    assert _all_ended(bare_demo)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_demo_that_is_stopped_leaves_nothing_running(bare_demo: Path, number: int, status: int) -> None:
    command = [sys.executable, str(bare_demo / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as demo:
        _wait_until(lambda: any(control.running_pid(made) for made in _instances(bare_demo)), seconds=60)
        demo.send_signal(number)
        demo.communicate(timeout=30)
    assert demo.returncode == status
    _wait_until(lambda: _all_ended(bare_demo))


@pytest.mark.slow
def test_a_demo_that_is_killed_leaves_nothing_running(bare_demo: Path) -> None:
    with subprocess.Popen([sys.executable, str(bare_demo / "run")], stdout=subprocess.PIPE) as demo:
        _wait_until(lambda: any(control.running_pid(made) for made in _instances(bare_demo)), seconds=60)
        ready = json.loads((bare_demo.parent / ".demo" / "logs" / "mail-server.ready").read_text("utf-8"))
        demo.kill()
    _wait_until(lambda: not any(control.running_pid(made) for made in _instances(bare_demo)))
    _wait_until(lambda: not _answers(ready["ports"]["submission"]))


def test_a_taken_port_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(workspace, "_PORTS", (port, _free_port()))
        assert len(workspace.free_ports(2)) == 1
        assert port not in workspace.free_ports(2)


_FAILING = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.fail: {msg: printed on one line}
      ignore_errors: true # the next task is what ends the play
    - ansible.builtin.assert: {that: [1 == 2], fail_msg: "{ printed on\\nseveral"}
"""


def test_the_last_failure_of_a_run_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "HOME", tmp_path)
    playbook = tmp_path / "failing.yml"
    playbook.write_text(_FAILING, "utf-8")
    run = ansible.playbook(
        str(playbook), tmp_path / "failing.log", 60, "--inventory", "localhost,", "--connection=local"
    )
    assert run.status == 2
    assert (run.recap["localhost"]["failed"], run.recap["localhost"]["ignored"]) == (1, 1)
    assert {host: failure["msg"] for host, failure in run.failures.items()} == {"localhost": "{ printed on\nseveral"}


def test_lists_keep_to_the_width(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.points(["word " * 40, "short"])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= terminal.WIDTH
    assert [line[:5] for line in lines] == ["   - ", "     ", "     ", "   - "]


# --- the instance's database -------------------------------------------------------------------------------------


def test_an_instance_looks_like_a_real_one(tmp_path: Path) -> None:
    path = tmp_path / "weestimate.sqlite3"
    database.create(path, {"SMTP Address": "mail.example.com"})
    smtp = database.read(path)
    assert len(smtp) == 11
    assert smtp["SMTP Address"] == "mail.example.com"
    assert smtp["SMTP User"] is None
    assert database.read(path, "GENERAL")["SMTP Address"] == "see the group SMTP"
    assert database.read(path, "PRINT")


def test_an_option_that_weestimate_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="SMTP Adress"):
        database.create(tmp_path / "x", {"SMTP Adress": "mail.example.com"})


# --- the mail server as a process --------------------------------------------------------------------------------


def test_the_mail_server_ends_with_its_block(tmp_path: Path) -> None:
    certificates.make(tmp_path / "certificates")
    configuration = {"mails": tmp_path / "mails", "certificates": tmp_path / "certificates", "accounts": {}}
    with process.running(configuration, tmp_path) as ports:
        pid = json.loads((tmp_path / "mail-server.ready").read_text("utf-8"))["pid"]
        os.kill(pid, 0)
        assert set(ports) == {"internal-relay", "submission", "submissions"}
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    for port in ports.values():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=2)


def test_the_mail_server_ends_with_the_process_that_wanted_it(tmp_path: Path) -> None:
    certificates.make(tmp_path / "certificates")
    configuration = {"mails": tmp_path / "mails", "certificates": tmp_path / "certificates", "accounts": {}}
    script = (
        "import json, pathlib, sys, time; from mailserver import process\n"
        "with process.running(json.loads(sys.argv[1]), pathlib.Path(sys.argv[2])): time.sleep(60)"
    )
    command = [sys.executable, "-c", script, json.dumps(configuration, default=str), str(tmp_path)]
    ready_file = tmp_path / "mail-server.ready"
    with subprocess.Popen(command, cwd=DEMO) as owner:
        _wait_until(ready_file.exists)
        port = json.loads(ready_file.read_text("utf-8"))["ports"]["submission"]
        owner.kill()
    _wait_until(lambda: not _answers(port))


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_mail_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    configuration = {"mails": tmp_path / "mails", "certificates": tmp_path / "missing", "accounts": {}}
    with pytest.raises(RuntimeError, match="FileNotFoundError"), process.running(configuration, tmp_path):
        pass
