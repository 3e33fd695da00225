# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A generated password is set at the provider, proven, and kept, by a task file of the user's; or it is discarded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Run
from mailboxes import OLD, Mailboxes, failing, opened

pytestmark = pytest.mark.slow

#: What a user's task file may look like: the provider is a file, and so is the vault.
CALLBACK = r"""
- name: Note the stage
  ansible.builtin.lineinfile:
    path: "{{ provider }}/{{ callback_log }}"
    line: "{{ weestimate_smtp_rotation_stage }} on {{ inventory_hostname }}"
    create: true
    mode: "0600"
- name: Set it at the provider
  ansible.builtin.copy:
    content: "{{ weestimate_smtp_generated_password }}\n{{ also_valid | default('') }}\n"
    dest: "{{ provider }}/{{ mailbox_name }}.passwords"
    mode: "0600"
  when: weestimate_smtp_rotation_stage == 'prepare'
- name: Fail where it is to
  ansible.builtin.fail:
    msg: The vault is closed.
  when: weestimate_smtp_rotation_stage == fails_at | default('')
- name: Keep it in the vault
  ansible.builtin.copy:
    content: "{{ weestimate_smtp_generated_password }}"
    dest: "{{ provider }}/{{ mailbox_name }}.vault"
    mode: "0600"
  when: weestimate_smtp_rotation_stage == 'keep'
"""

#: By mailbox: whether the provider takes the former password as well, the stage that fails, whether an instance fails,
#: the stages that are called, the error codes of the first and of the other instance, and what they hold in the end.
MADE = {
    "made": (False, "", False, ["prepare", "keep"], (None, None), "made"),
    "unprepared": (True, "prepare", False, ["prepare", "discard"], ("callback_failed", "rotation_held"), OLD),
    "unkept": (True, "keep", False, ["prepare", "keep", "discard"], ("rolled_back", "rotation_held"), OLD),
    # Only the new one works, and the vault does not have it: it stays, and that is said.
    "lost": (False, "keep", False, ["prepare", "keep"], ("not_rolled_back", None), "made"),
    "discarded": (True, "", True, ["prepare", "discard"], ("rotation_held", "rolled_back"), OLD),
    "kept": (False, "", True, ["prepare", "keep"], (None, "not_rolled_back"), "made"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, collections_path: Path) -> Iterator[Mailboxes]:
    with opened(tmp_path_factory.mktemp("site"), collections_path, [*MADE, "checked"]) as site:
        yield site


@pytest.fixture(scope="module")
def made(site: Mailboxes) -> Run:
    """Passwords made for several mailboxes in one run."""
    place = site.fleet.directory
    (place / "callback.yml").write_text(f"---{CALLBACK}", "utf-8")
    hosts = {}
    for name, (both, fails_at, instance_fails, *_rest) in MADE.items():
        site.valid(name, OLD)
        site.share(name, [f"{name}_one", f"{name}_two"])
        common = {
            "weestimate_smtp_password_generate": True,
            "weestimate_smtp_password_callback": str(place / "callback.yml"),
            "provider": str(place),
            "mailbox_name": name,
            "callback_log": f"{name}.stages",
            "fails_at": fails_at,
            "also_valid": OLD if both else "",
        }
        hosts[f"{name}_one"] = common
        hosts[f"{name}_two"] = {**common, **(failing(9 if name == "kept" else 1) if instance_fails else {})}
    return site.rotate(hosts, "--forks", "10", "--diff", "-vvvv", ANSIBLE_DISPLAY_ARGS_TO_STDOUT="True")


@pytest.mark.parametrize("name", MADE)
def test_a_generated_password_is_set_kept_or_discarded_once_for_its_mailbox(
    site: Mailboxes, made: Run, name: str
) -> None:
    _both, _fails_at, _instance_fails, stages, ends, holds = MADE[name]
    place, hosts = site.fleet.directory, (f"{name}_one", f"{name}_two")
    assert tuple(made.failures.get(host, {}).get("error_code") for host in hosts) == ends, made.output
    assert (place / f"{name}.stages").read_text().splitlines() == [f"{stage} on {hosts[0]}" for stage in stages]
    (password_made, *_former) = site.passwords(name)
    assert len(password_made) == 32
    assert site.stored(*hosts) == [password_made if holds == "made" else OLD] * 2
    vault = place / f"{name}.vault"
    is_kept = holds == "made" and name != "lost"
    assert (vault.read_text() if vault.exists() else None) == (password_made if is_kept else None)
    assert password_made not in made.output
    assert password_made not in str(made.results)


def test_each_mailbox_gets_a_password_of_its_own(site: Mailboxes, made: Run) -> None:
    assert "lost_one" in made.failures
    assert "nobody but WeEstimate may know the new password" in made.failures["lost_one"]["msg"]
    assert len({site.passwords(name)[0] for name in MADE}) == len(MADE)


def test_check_mode_generates_nothing_that_anybody_is_told_of(site: Mailboxes) -> None:
    site.share("checked", ["checked_made"])
    hosts = {
        "checked_made": {
            "weestimate_smtp_password_generate": True,
            "weestimate_smtp_password_callback": "/nowhere/callback.yml",
        }
    }
    run = site.rotate(hosts, "--check")
    assert run.succeeded, run.output
    assert run.changed == {("checked_made", "Write the new password")}
    assert site.stored("checked_made") == [OLD]
