# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens on the stage, step by step, and whether it is what was promised."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mailserver import archive
from weestimate.message import APPROVAL, CUSTOMER_DOCUMENT

from showcase import ansible, company, fleet, mishaps, terminal, workspace
from showcase.promise import expect
from showcase.stage import Actor, each

_APPLY = "weestimate.mail.apply"
_PASS_SECONDS = 180  # far more than a pass takes, so that a busy machine passes too
_ADVICE = re.compile(r"[a-z_]+: ")  # begins with the option it is about, as no warning of Ansible itself does
_SECRETS = {"SMTP Password"}
_TEST_KINDS = ("an approval", "a customer document")
_TOKEN = "X-WeEstimate-Mail-Test"  # the header by which a test mail is recognised

Options = Mapping[str, "str | None"]


def tell(actors: Sequence[Actor]) -> None:
    """Everything, in its order.

    :raises DemoError: something went otherwise than promised.
    """
    found = {actor.name: (actor.stored(), actor.health()) for actor in actors}
    show_as_found(actors)
    install()
    first_pass(actors, {name: options for name, (options, _health) in found.items()})
    show_proof(actors)
    show_recycle(actors, {name: health for name, (_options, health) in found.items()})
    send_everything(actors)
    second_pass(actors)
    mishaps.show_mistakes(actors)
    mishaps.show_redirect(actors)
    mishaps.show_edit_by_hand(actors[-1])
    fleet.show_drift(actors, actors[-1])


def show_as_found(actors: Sequence[Actor]) -> None:
    """Why no environment works."""
    terminal.step("As found: each approval server is asked for an approval mail")
    answers = each(actors, lambda actor: actor.send(APPROVAL, company.APPROVER))
    rows = []
    for actor, answer in zip(actors, answers, strict=True):
        expect(not answer["sent"], f"{actor.name} sends before anything is done.")
        rows.append((actor.environment, actor.name, answer["reason"]))
    terminal.table(("environment", "instance", "what came of it"), rows)


def install() -> None:
    """The collection, as a user gets it."""
    terminal.step("Install the collection from this checkout")
    ansible.install_collection(workspace.LOGS / "install.log", timeout=120)
    terminal.say(f"ansible-galaxy collection install: now in {workspace.shown(workspace.COLLECTIONS)}.")


def first_pass(actors: Sequence[Actor], before: Mapping[str, Options]) -> None:
    """Converge, and show each option that changed."""
    terminal.step(f"First pass: ansible-playbook {_APPLY}")
    log = workspace.LOGS / "first-pass.log"
    run = ansible.playbook(_APPLY, log, _PASS_SECONDS)
    expect(run.status == 0, f"The first pass failed with status {run.status}.", log)
    terminal.say("What each instance holds now, where it differs from before (- is blank):")
    rows = []
    for actor in actors:
        changes = list(_differences(before[actor.name], actor.stored()))
        expect(bool(changes), f"Nothing changed in {actor.name}.", log)
        expect(run.recap[actor.name]["changed"] > 0, f"The first pass reports no change for {actor.name}.", log)
        rows += [(actor.name, *change) for change in changes]
    terminal.table(("instance", "option", "before", "after"), rows)
    advice = [warning for warning in run.warnings if _ADVICE.match(warning)]
    terminal.lines(["Advice that came with it:"] if advice else [])
    for warning in advice:
        terminal.say(warning)


def show_proof(actors: Sequence[Actor]) -> None:
    """The first pass has sent test mail with the settings in force, and confirmed its changes in the journals."""
    tokens = {mail.message[_TOKEN] for mail in archive.read(workspace.MAILS)} - {None}
    expect(len(tokens) == len(_TEST_KINDS) * len(actors), f"{len(tokens)} test mails arrived.")
    for actor in actors:
        change, kind, state = actor.last_change()
        expect((kind, state) == ("change", "confirmed"), f"Change {change} of {actor.name} is {state}.")
    terminal.lines([])
    terminal.say(
        f"Proven in the same run: {len(tokens)} test mails arrived, {' and '.join(_TEST_KINDS)} from each instance "
        "with what it holds now. So each change is confirmed in its journal."
    )


def show_recycle(actors: Sequence[Actor], before: Mapping[str, Mapping[str, Any]]) -> None:
    """The approval servers read their settings only when they start: each has to be a new one."""
    terminal.step("Recycled: each approval server is a new process that runs with the new settings")
    rows = []
    for actor, health in zip(actors, each(actors, Actor.health), strict=True):
        old, stored = before[actor.name], actor.stored()
        expect(health["generation"] == old["generation"] + 1, f"{actor.name} was not recycled exactly once.")
        expect(_runs_with(health, stored), f"The approval server of {actor.name} does not run with what is stored.")
        rows.append(
            (
                actor.name,
                f"{old['generation']} -> {health['generation']}",
                _way(old["settings"]),
                _way(health["settings"]),
            )
        )
    terminal.table(("instance", "generation", "ran with", "runs with"), rows)


def send_everything(actors: Sequence[Actor]) -> None:
    """Both kinds of mail from each instance, and what the mail server received."""
    terminal.step("Send: an approval and a customer document from each instance")
    earlier = {mail.file for mail in archive.read(workspace.MAILS)}
    for kind, to in ((APPROVAL, company.APPROVER), (CUSTOMER_DOCUMENT, company.CUSTOMER)):
        answers = each(actors, lambda actor, kind=kind, to=to: actor.send(kind, to))
        for actor, answer in zip(actors, answers, strict=True):
            expect(answer["sent"], f"{actor.name} sent no {kind}: {answer.get('reason')}")
    environments = {actor.name: actor.environment for actor in actors}
    arrived = [mail for mail in archive.read(workspace.MAILS) if mail.file not in earlier]
    arrived.sort(key=lambda mail: list(environments).index(mail.message["X-WeEstimate-Instance"]))
    expect(len(arrived) == 2 * len(actors), f"{len(arrived)} mails arrived instead of {2 * len(actors)}.")
    for mail in arrived:
        _expect_headers(mail, actors)
    head = ("env.", "office", "kind", "From", "Reply-To", "To", "listener", "TLS", "login")
    terminal.table(head, [_mail_row(mail, environments) for mail in arrived])
    terminal.lines([])
    terminal.say(
        "Shown without their domains: buyer is the customer at example.net, all others are at example.com. "
        "dev sends as each user; staging and prod send from one address, and answers go to the user."
    )


def second_pass(actors: Sequence[Actor]) -> None:
    """The same once more, which must change nothing and leave the approval servers alone."""
    terminal.step("Second pass: the same command again changes nothing")
    log = workspace.LOGS / "second-pass.log"
    before = [(actor.stored(), actor.health()) for actor in actors]
    run = ansible.playbook(_APPLY, log, _PASS_SECONDS)
    expect(run.status == 0, f"The second pass failed with status {run.status}.", log)
    rows = []
    for actor, state in zip(actors, before, strict=True):
        recap, health = run.recap[actor.name], actor.health()
        expect(recap["changed"] == 0, f"The second pass changed {actor.name}.", log)
        expect((actor.stored(), health) == state, f"{actor.name} is not as it was before the second pass.", log)
        rows.append((actor.name, f"changed={recap['changed']}", f"still {health['generation']}"))
    terminal.table(("instance", "recap", "generation"), rows)


def _differences(before: Options, after: Options) -> Iterator[tuple[str, str, str]]:
    """Option, text before and text after, for each option that differs."""
    for name, new in after.items():
        old = before[name]
        if (old or "") == (new or ""):
            continue
        if name in _SECRETS:
            yield name, "(set)" if old else "-", "(another one)" if old and new else "(set)" if new else "-"
        else:
            yield name, old or "-", new or "-"


def _runs_with(health: Mapping[str, Any], stored: Options) -> bool:
    """Whether the approval server has read what is stored now."""
    settings = health["settings"]
    running = (settings["address"], str(settings["port"]), settings["user"], settings["mail_enabled"])
    expected = (stored["SMTP Address"], stored["SMTP Port"], stored["SMTP User"] or "", True)
    return running == expected


def _way(settings: Mapping[str, Any]) -> str:
    """Where an approval server hands over its mail."""
    if not settings["mail_enabled"]:
        return "mail is off"
    user = _local(settings["user"]) or "no login"
    return f"port {settings['port']}, {'TLS' if settings['use_ssl'] else 'no TLS'}, {user}"


def _expect_headers(mail: archive.KeptMail, actors: Sequence[Actor]) -> None:
    """From, Reply-To and the way a mail came follow from what its instance has stored."""
    name = mail.message["X-WeEstimate-Instance"]
    stored = next(actor.stored() for actor in actors if actor.name == name)
    send_as = stored["Enable SMTP Send As"] == "TRUE"
    sender = stored["SMTP Connect As"] if send_as else company.ACTING_USER
    expect(mail.message["From"] == mail.arrival.sender == sender, f"{name} sent from {mail.message['From']}.")
    answers_to = company.ACTING_USER if send_as else None
    expect(mail.message["Reply-To"] == answers_to, f"{name} sent with Reply-To {mail.message['Reply-To']}.")
    expect(mail.arrival.authenticated_as == (stored["SMTP User"] or ""), f"{name} did not log in as stored.")
    expect(bool(mail.arrival.tls) == (stored["Use SSL"] == "TRUE"), f"{name} did not encrypt as stored.")


def _mail_row(mail: archive.KeptMail, environments: Mapping[str, str]) -> tuple[str, ...]:
    name = mail.message["X-WeEstimate-Instance"]
    return (
        environments[name],
        name.partition("-")[2],
        mail.message["X-WeEstimate-Kind"].rpartition("-")[2],
        _local(mail.message["From"]),
        _local(mail.message["Reply-To"] or "-"),
        ", ".join(_local(address) for address in mail.arrival.recipients),
        mail.arrival.listener.rpartition("-")[2],
        mail.arrival.tls or "-",
        _local(mail.arrival.authenticated_as or "-"),
    )


def _local(address: str) -> str:
    return address.partition("@")[0]
