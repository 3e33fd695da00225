# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/relay.md on fresh hosts, followed by somebody who has copied its example and put this run's names into it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import smtplib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hosts import APPROVER, CUSTOMER, ELSEWHERE, FOLDER, HOUSE, QUOTES, USER, Relay, Upstream, compose, eventually

CHECKOUT = Path(__file__).parents[4]
EXAMPLE = CHECKOUT / "examples" / "relay" / "inventory"
GROUP = Path("inventory", "group_vars", "weestimate_relay")
SINK = "/var/mail/sink"
AUTHORITY = {"ca_file": "/etc/ssl/weestimate/ca.pem"}

#: What stands in the example in the place of the reader's own names; the servers are doors of one host here.
NAMES = {
    "relay.contoso.com": f"relay.{HOUSE}",
    "contoso.com": HOUSE,
    "fabrikam.com": ELSEWHERE,
    "dana@": "dana.reyes@",
    "pat@": "pat.olsen@",
    "deployment-check@": "j.meyer@",
    "smtp.office365.com": f"smtp.{HOUSE}",
    "smtp.azurecomm.net": f"smtp.{HOUSE}",
}
_PASSWORD_DOOR = 5873

BOX, PREVIEW, APPLY, DOCTOR, ROTATE = re.findall(
    r"^ansible-playbook weestimate\.mail\.(?:relay|rotate).*$",
    (CHECKOUT / "docs" / "relay.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


class Reader:
    """A folder with the inventory, and the commands of the page run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, command: str) -> str:
        """Run a command, which has to succeed; what it printed. The values of the vault are plain here."""
        words = [word for word in shlex.split(command) if word != "--ask-vault-password"]
        environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(  # noqa: S603 # a command of the page, without a shell
            words, cwd=self.folder, env=environment, capture_output=True, encoding="utf-8", timeout=900, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def declare(self, name: str, lines: str) -> None:
        """Write a file of variables."""
        (self.folder / GROUP / f"{name}.yml").write_text(f"---\n{lines}", encoding="utf-8")

    def keep_secret(self, **values: str) -> None:
        """Write the secrets, in the place of encrypted ones."""
        self.declare("vault", "".join(f"{name}: !unsafe {json.dumps(value)}\n" for name, value in values.items()))


@pytest.fixture(scope="module")
def reader(
    tmp_path_factory: pytest.TempPathFactory, run: dict[str, Any], people: dict[str, Any], upstream: Upstream
) -> Reader:
    """Somebody who has written down what he wants."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(EXAMPLE, folder / "inventory")
    reader = Reader(folder)
    provider = json.loads(upstream.host.file("/etc/identity-provider.json").content_string)
    reader.declare("relay", yaml.safe_dump(in_this_run(provider)))
    reader.keep_secret(
        vault_relay_client_secret=people["mail_client_secret"],
        vault_relay_outside_password=people["mail_made_up_password"],
    )
    # The last file of a folder wins.
    reach = {
        "weestimate_relay_clients": [run["networks"]["inside"]],
        "weestimate_relay_proxy_wheels": str(FOLDER / "wheels"),
        "ansible_ssh_args": f"-F {FOLDER / 'ssh_config'}",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    reader.declare("zz", yaml.safe_dump(reach))
    hosts = {"weestimate_relay": {"hosts": {"bookworm": None, "trixie": None}}}
    (folder / "inventory" / "hosts.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
    return reader


def in_this_run(provider: dict[str, Any]) -> dict[str, Any]:
    """The example with the names of this run, and with an authority and a token endpoint of its own."""
    text = (EXAMPLE / "group_vars" / "weestimate_relay" / "relay.yml").read_text(encoding="utf-8")
    for theirs, ours in NAMES.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    declared = yaml.safe_load(text)
    exchange, outside = declared["weestimate_relay_upstreams"].values()
    del exchange["auth"]["tenant"]
    exchange["auth"] |= {"token_url": provider["token_url"], "client_id": provider["client_id"]}
    exchange |= {"tls": AUTHORITY, "limits": {"connections": 3}}  # a pause between mails would only take long
    outside |= {"tls": AUTHORITY, "port": _PASSWORD_DOOR}
    return declared


def kinds() -> Iterator[Any]:
    """An approval and a customer document, as they leave WeEstimate with Send As off."""
    yield compose(USER, APPROVER)
    yield compose(USER, CUSTOMER)


def hand_in(relay: Relay, message: Any) -> None:
    """As WeEstimate does with Use SSL off and without SMTP User."""
    with smtplib.SMTP(relay.address, 25, timeout=60) as client:
        client.send_message(message)


def recaps(output: str) -> list[str]:
    return re.findall(r"changed=(\d+) ", output)


def test_a_newcomer_has_both_kinds_arriving_by_their_upstreams(
    reader: Reader, relays: dict[str, Relay], upstream: Upstream
) -> None:
    reader.run(BOX)
    for relay in relays.values():
        for message in kinds():
            hand_in(relay, message)
            found = f"grep --recursive --files-with-matches {message['Subject']} {SINK}/new"
            assert eventually(lambda: relay.host.run(found).rc == 0)  # noqa: B023 # called before the next round
    before = len(upstream.mails())

    assert "smtp_sasl_auth_enable" in reader.run(PREVIEW)
    assert len(upstream.mails()) == before
    reader.run(APPLY)
    assert recaps(reader.run(APPLY)) == ["0", "0"]

    for relay in relays.values():
        approval, document = kinds()
        hand_in(relay, approval)
        hand_in(relay, document)
        assert upstream.arrived(approval).login == USER
        arrived = upstream.arrived(document)
        assert (arrived.login, arrived.message["From"], arrived.message["Reply-To"]) == (QUOTES, QUOTES, USER)


def test_the_doctor_finds_the_relays_well(reader: Reader) -> None:
    told = reader.run(DOCTOR)  # which would fail otherwise
    assert told.count("exchange: login") == told.count("outside: login") == 2


def test_a_new_client_secret_takes_the_place_of_the_old_one(
    reader: Reader, relays: dict[str, Relay], upstream: Upstream, people: dict[str, Any]
) -> None:
    former, new = people["mail_client_secret"], people["mail_next_client_secret"]
    reader.keep_secret(vault_relay_client_secret=new, vault_relay_outside_password=people["mail_made_up_password"])
    with upstream.policy(client_secrets=[former, new]):
        reader.run(ROTATE)
    with upstream.policy(client_secrets=[new]):
        for relay in relays.values():
            message = compose(USER, APPROVER)
            hand_in(relay, message)
            upstream.arrived(message)
