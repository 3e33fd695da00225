# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action relay_plan, with Ansible's own classes and without a run."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.weestimate.mail.plugins.action import relay_plan
from ansible_collections.weestimate.mail.plugins.modules import relay_plan as documentation
from ansible_collections.weestimate.mail.plugins.plugin_utils import schema

CANARY = "Zebra-canary-5150"

EXCHANGE = {
    "host": "SMTP.office365.com",
    "port": "587",
    "auth": {
        "kind": "oauth_client_credentials",
        "tenant": "contoso.onmicrosoft.com",
        "client_id": "11111111-2222-3333-4444-555555555555",
        "client_secret": CANARY,
        "expires": "2027-11-30",
    },
    "identity": "sender",
    "mailbox": "notifications@contoso.com",
}
RELAY = {
    "hostname": "relay.contoso.com",
    "clients": ["192.0.2.0/24"],
    "upstreams": {"exchange": EXCHANGE},
    "routes": [{"default": "yes", "upstream": "exchange"}],
    "sender_policy": {"domains": ["contoso.com"]},
    "test": [
        {
            "from": "dana@contoso.com",
            "to": "pat@contoso.com",
            "confirm": {"imap": {"host": "imap.contoso.com", "user": "pat", "password": CANARY}},
        }
    ],
}

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask() -> Ask:
    """Run the action on the relay above with other arguments laid over it; None takes one away."""

    def run(**changes: Any) -> dict[str, Any]:
        arguments = {name: value for name, value in {**RELAY, **changes}.items() if value is not None}
        task = SimpleNamespace(args=arguments, async_val=0, check_mode=False, action="weestimate.mail.relay_plan")
        loader = DataLoader()
        action = relay_plan.ActionModule(
            task=task,
            connection=SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)),
            play_context=None,
            loader=loader,
            templar=Templar(loader=loader, variables={}),
            shared_loader_obj=None,
        )
        return action.run(task_vars={})

    return run


def test_the_result_is_a_plan_with_advice_and_without_a_secret(ask: Ask) -> None:
    result = ask()
    assert result["changed"] is False
    assert result["advice"] == []
    assert result["plan"]["default"] == {"transport": "relay-exchange", "nexthop": "[127.0.0.1]:10964"}
    assert result["plan"]["upstreams"][0]["proxy"]["host"] == "smtp.office365.com"
    assert CANARY not in str(result)


def test_text_that_ansible_has_marked_becomes_plain_text(ask: Ask) -> None:
    result = ask(upstreams=wrap_var({"exchange": EXCHANGE}), hostname=wrap_var("relay.contoso.com"))
    assert result["plan"]["hostname"].__class__ is str
    assert result["plan"]["upstreams"] == ask()["plan"]["upstreams"]


def test_what_is_left_empty_is_not_declared(ask: Ask) -> None:
    assert ask(login={}, tls="", sink={}, test=[])["plan"] == {**ask()["plan"], "tests": []}


def test_advice_is_for_a_program_too(ask: Ask) -> None:
    [entry] = ask(test=None)["advice"]
    assert (entry["advice"], entry["path"]) == ("route_untested", "routes.0")
    assert entry.keys() == {"advice", "path", "rule", "reason", "remedy"}


def test_all_violations_are_told_at_once_each_with_what_to_do(ask: Ask) -> None:
    result = ask(
        hostname=None,
        clients=["0.0.0.0/0"],
        login={"user": "weestimate", "password": f" {CANARY}"},
        routes=[{"default": True, "upstream": "exchnage"}],
        test=[{"from": "dana@fabrikam.com", "to": "pat@contoso.com", "confirm": {"imap": {"password": CANARY}}}],
        sinks={"maildir": "/srv/mail"},
    )
    assert (result["failed"], result["error_code"]) == (True, "schema_invalid")
    assert {violation["path"] for violation in result["violations"]} == {
        "hostname",
        "clients.0",
        "login.password",
        "tls",
        "routes.0.upstream",
        "test.0.from",
        "test.0.confirm.imap.host",
        "test.0.confirm.imap.user",
        "sinks",
    }
    assert all(violation["rule"] and violation["remedy"] in result["msg"] for violation in result["violations"])
    assert "Did you mean exchange?" in result["msg"]
    assert CANARY not in str(result)


def test_the_argument_spec_names_what_the_schema_knows() -> None:
    """The schema judges; the spec is what the documentation is compared with."""

    def named(spec: dict[str, Any]) -> dict[str, Any]:
        return {name: named(rule.get("options", {})) for name, rule in spec.items()}

    def known(shape: Any) -> dict[str, Any]:
        below = shape.get("items", shape)
        return {name: known(part) for name, part in below.get("properties", {}).items()}

    contents = {schema._name(each): each for each in schema._CONTENTS}
    document = schema._inlined(contents["relay"], schema._REGISTRY.resolver(contents["relay"]["$id"]))
    assert named(relay_plan.ActionModule.SPEC) == known(document)


@pytest.mark.parametrize("task", yaml.safe_load(documentation.EXAMPLES), ids=lambda task: task["name"])
def test_an_example_needs_no_advice_and_its_plan_has_the_documented_names(ask: Ask, task: dict[str, Any]) -> None:
    result = ask(**{**dict.fromkeys(RELAY), **task["weestimate.mail.relay_plan"]})
    documented = yaml.safe_load(documentation.RETURN)["plan"]["contains"]
    assert result["advice"] == []
    assert result["plan"].keys() == documented.keys()
    for upstream in result["plan"]["upstreams"]:
        names = documented["upstreams"]["contains"]
        assert upstream.keys() == names.keys()
        assert (upstream["proxy"] or names["proxy"]["sample"]).keys() == names["proxy"]["sample"].keys()
