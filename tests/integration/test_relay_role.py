# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role writes for the relay's programs. That they understand it, the scenario ``molecule/relay`` proves."""

from __future__ import annotations

import configparser
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from harness import CHECKOUT, Ansible, Run, Unsafe

ROLE = CHECKOUT / "roles/weestimate_relay"
CLIENT_SECRET = Unsafe('c4nary.$1-${1}_"{{ never }}"#\'~')
PASSWORD = Unsafe("c4nary $x {# {% never ü 😀")
LOGIN = Unsafe('c4nary: "{{ never }}" [;#')
DECLARED: dict[str, Any] = {
    "weestimate_relay_hostname": "relay.contoso.com",
    "weestimate_relay_clients": ["192.0.2.0/24", "2001:db8::/64"],
    "weestimate_relay_login": {"user": "weestimate", "password": LOGIN},
    "weestimate_relay_tls": {"certificate": "/etc/ssl/relay.crt", "key": "/etc/ssl/relay.key"},
    "weestimate_relay_sender_policy": {"domains": ["contoso.com"]},
    "weestimate_relay_upstreams": {
        "exchange": {
            "host": "smtp.office365.com",
            "port": 587,
            "auth": {
                "kind": "oauth_client_credentials",
                "tenant": "contoso.onmicrosoft.com",
                "client_id": "app",
                "client_secret": CLIENT_SECRET,
            },
            "identity": "sender",
            "mailbox": "notifications@contoso.com",
        },
        "outside": {
            "host": "smtp.azurecomm.net",
            "port": 587,
            "auth": {"kind": "password", "user": "quotes@contoso.com", "password": PASSWORD},
            "mailbox": "quotes@contoso.com",
            "rewrite_from": True,
        },
    },
    "weestimate_relay_routes": [
        {"recipient_domains": ["contoso.com"], "upstream": "exchange"},
        {"default": True, "upstream": "outside"},
    ],
}
MAPS = "/etc/postfix/weestimate"


def plan(ansible: Ansible, variables: Mapping[str, Any], *more: Mapping[str, Any], **facts: str) -> Run:
    """Let the role judge what is declared for a host of which these are the facts, and go on with further tasks."""
    role = {"name": "weestimate.mail.weestimate_relay", "tasks_from": "validate"}
    tasks = [
        {"ansible.builtin.set_fact": {**facts, "cacheable": True}},
        {"ansible.builtin.import_role": role},
        *more,
    ]
    play = {"hosts": "relay", "gather_facts": False, "vars": dict(variables), "tasks": tasks}
    host = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    return ansible.playbook([play], {"all": {"hosts": {"relay": host}}}, "-vvvv")


def written(ansible: Ansible, release: str = "12", **changes: Any) -> dict[str, dict[str, Any]]:
    """The files that the role would bring to a relay with a release of Debian, by their paths."""
    into = ansible.work / "files.json"
    write = {"content": "{{ __weestimate_relay_files | to_json }}", "dest": str(into), "mode": "0600"}
    run = plan(
        ansible,
        {**DECLARED, **changes, "role_path": str(ROLE)},
        {"ansible.builtin.copy": write, "no_log": True},
        distribution="Debian",
        distribution_major_version=release,
    )
    assert run.succeeded, run.output
    assert "c4nary" not in run.output
    return {file["path"]: file for file in json.loads(into.read_text(encoding="utf-8"))}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, collections_path: Path) -> dict[str, dict[str, Any]]:
    return written(Ansible(tmp_path_factory.mktemp("role"), collections_path))


def content(files: dict[str, dict[str, Any]], path: str) -> str:
    return files[path]["content"]


def test_a_secret_is_in_secret_files_only_and_the_login_in_none(files: dict[str, dict[str, Any]]) -> None:
    holders = {path for path, file in files.items() if "c4nary" in file["content"]}
    assert holders == {f"{MAPS}/login/exchange", f"{MAPS}/login/outside"}
    assert {path for path, file in files.items() if file.get("secret")} == {
        *holders,
        "/etc/weestimate-relay/login/users",
        "/etc/weestimate-relay/login/former_users",
    }


def test_no_character_of_a_secret_is_more_than_text_to_postfix(files: dict[str, dict[str, Any]]) -> None:
    lines = content(files, f"{MAPS}/login/exchange").splitlines()
    of_sender, of_mailbox = (line for line in lines if line.startswith("/"))
    escaped = CLIENT_SECRET.replace("$", "$$")
    assert of_sender.endswith("/ ${1}:" + escaped)
    assert of_mailbox == "/./ notifications@contoso.com:" + escaped
    own = content(files, f"{MAPS}/login/outside").splitlines()[-1]
    assert own == "/./ quotes@contoso.com:" + PASSWORD.replace("$", "$$")


def test_a_route_to_an_upstream_that_rewrites_goes_by_its_own_door(files: dict[str, dict[str, Any]]) -> None:
    assert "default_transport = hop:[127.0.0.1]:10026\n" in content(files, "/etc/postfix/main.cf")
    master = content(files, "/etc/postfix/master.cf")
    assert "127.0.0.1:10026 inet" in master
    assert "-o content_filter=relay-outside:[smtp.azurecomm.net]:587\n" in master
    # What has noted another address, or another mailbox, is queued again because this file differs.
    address, way = content(files, f"{MAPS}/requeue").splitlines()[-2:]
    assert address == "# outside: [smtp.azurecomm.net]:587, quotes@contoso.com"
    assert way.endswith("outside$/ FILTER hop:[127.0.0.1]:10026")
    routes = content(files, f"{MAPS}/recipient_routes").splitlines()[1:]
    assert routes == ["contoso.com relay-exchange:[127.0.0.1]:10964"]


def test_the_proxy_knows_the_application_and_listens_to_the_relay_alone(files: dict[str, dict[str, Any]]) -> None:
    proxy = configparser.ConfigParser(interpolation=None)
    proxy.read_string(content(files, "/etc/weestimate-relay/oauth/exchange.conf"))
    assert proxy.getboolean("emailproxy", "use_login_password_as_client_credentials_secret")
    assert proxy["SMTP-10964"]["local_address"] == "127.0.0.1"
    assert proxy["@"]["token_url"] == "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token"
    assert not proxy.has_option("@", "client_secret")


def test_in_a_sink_no_file_names_an_upstream(ansible: Ansible) -> None:
    files = written(ansible, weestimate_relay_sink={"maildir": "/var/mail/sink"})
    everything = "".join(file["content"] for file in files.values())
    assert "default_transport = relay-sink:\n" in everything
    assert [name for name in ("office365", "azurecomm", "c4nary") if name in everything] == []


@pytest.mark.parametrize(
    ("release", "own_words"), [("12", "disable_plaintext_auth = no"), ("13", "auth_allow_cleartext")]
)
def test_each_release_has_a_dovecot_of_its_own(ansible: Ansible, release: str, own_words: str) -> None:
    dovecot = content(written(ansible, release), "/etc/weestimate-relay/login/dovecot.conf")
    assert own_words in dovecot
    assert ("dovecot_config_version" in dovecot) == (release == "13")


def test_another_host_than_the_relay_was_made_for_is_refused(ansible: Ansible) -> None:
    run = plan(ansible, DECLARED, distribution="Ubuntu", distribution_version="24.04", distribution_major_version="24")
    assert run.failure["error_code"] == "relay_config_refused", run.output
    assert "Ubuntu 24.04" in run.failure["msg"]


def test_a_variable_that_is_misspelt_is_not_passed_over(ansible: Ansible) -> None:
    variables = {**DECLARED, "weestimate_relay_snik": {"maildir": "/var/mail/sink"}}
    run = plan(ansible, variables, distribution="Debian", distribution_major_version="12")

    assert run.failure["error_code"] == "schema_invalid", run.output
    (violation,) = run.failure["violations"]
    assert (violation["path"], "weestimate_relay_sink" in violation["remedy"]) == ("weestimate_relay_snik", True)


def test_nothing_is_adopted_where_no_instance_is(ansible: Ansible) -> None:
    host = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    run = ansible.playbook("weestimate.mail.adopt_relay", {"weestimate_relay": {"hosts": {"relay": host}}})

    assert run.failure["error_code"] == "schema_invalid", run.output
    assert "group weestimate" in run.failure["remedy"]
