# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail through the OAuth proxy against mail by a password, to one upstream, in turns; and what an idle relay needs.

The hosts are those of the Molecule scenario "relay", made for the measurement and destroyed after it. Both ways end at
the upstream that stands for Exchange Online, with one connection at a time and the same login; only how they log in
differs. The upstream allows three, but counts one that has just been closed for a while longer, and a mail that meets
its limit waits for a minute: what is measured has to stay below that.

Each time, all mails wait in the queue before the first of them is let out, so what is measured is the sending, logins
included. The proxy needs some tenths of a second for a login, and is faster after it: Postfix uses its connection to
the proxy again, and one with TLS to the upstream it does not.
"""

from __future__ import annotations

import json
import os
import shutil
import smtplib
import ssl
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import report
from playbook import BenchError

MAILS = 200
_RELAY = "bookworm"
_HOUSE = "northgate-security.com"
_SENDER = f"notifications@{_HOUSE}"
_BRIDGE, _PASSWORD = "through the OAuth proxy", "by a password, without the proxy"
_RECIPIENTS = {_BRIDGE: f"pat.olsen@{_HOUSE}", _PASSWORD: "j.meyer@harbor-clinic.example"}

#: At least 0.8 times the throughput is at most 1.25 times the time; the idle relay stays below so many MiB.
_LIMIT, _MEMORY_LIMIT = 1.25, 150

#: Over the variables of the scenario's inventory. The recipient decides which way a mail takes.
_VARIABLES: Mapping[str, Any] = {
    "weestimate_relay_login": {},
    "weestimate_relay_upstreams": {
        "bridge": {
            "host": "{{ mail_hosts.exchange }}",
            "port": "{{ mail_doors.exchange.port }}",
            "tls": {"ca_file": "{{ relay_certificates }}/ca.pem"},
            "auth": {
                "kind": "oauth_client_credentials",
                "token_url": "{{ relay_policy.token_url }}",
                "client_id": "{{ relay_policy.client_id }}",
                "client_secret": "{{ mail_client_secret }}",
            },
            "mailbox": _SENDER,
            "limits": {"connections": 1},
        },
        "password": {
            "host": "{{ mail_hosts.exchange }}",
            "port": "{{ mail_doors.password.port }}",
            "tls": {"ca_file": "{{ relay_certificates }}/ca.pem"},
            "auth": {"kind": "password", "user": _SENDER, "password": "{{ mail_made_up_password }}"},
            "mailbox": _SENDER,
            "limits": {"connections": 1},
        },
    },
    "weestimate_relay_routes": [
        {"recipient_domains": [_HOUSE], "upstream": "bridge"},
        {"default": True, "upstream": "password"},
    ],
    "weestimate_relay_test": [],
}

#: Has the queue manager not be told of new mail: another service is told in its place.
_HOLD = """
postconf -P cleanup/unix/queue_service_name=pickup
postconf in_flow_delay=0
postfix reload
"""

#: Tells the queue manager, and prints the seconds until nothing is in the queue any more.
_DRAIN = """
started=$(date +%s.%N)
postqueue -f
cd /var/spool/postfix
until [ -z "$(find incoming active deferred -type f -print -quit)" ]; do sleep 0.02; done
echo "$(date +%s.%N) - $started" | awk '{ print $1 - $3 }'
"""

#: Prints the proportional set size of all processes of the relay, in KiB.
_MEMORY = """
for process in $(ps -e --no-headers -o pid,unit | awk '$2 ~ /^(postfix|weestimate-relay)/ { print $1 }'); do
  grep --no-messages ^Pss: /proc/$process/smaps_rollup
done | awk '{ sum += $2 } END { print sum }'
"""


@dataclass(frozen=True)
class Site:
    """The scenario's hosts in a *folder* of their own."""

    folder: Path

    def molecule(self, *words: str) -> None:
        """Call Molecule.

        :raises BenchError: it failed.
        """
        log = self.folder / "molecule.log"
        environment = {
            **os.environ,
            "MOLECULE_EPHEMERAL_DIRECTORY": str(self.folder),
            "MOLECULE_GLOB": "molecule/*/molecule.yml",
            "MOLECULE_COMMAND_BORDERS": "false",
        }
        with log.open("wb") as output:
            done = subprocess.run(["molecule", *words], check=False, env=environment, stdout=output, stderr=output)
        if done.returncode:
            raise BenchError(f"molecule {words[0]} failed:\n{log.read_text(encoding='utf-8')}")

    def on_relay(self, script: str) -> str:
        """What a shell *script* on the relay prints."""
        command = ["ssh", "-F", str(self.folder / "ssh_config"), _RELAY, "bash"]
        return subprocess.run(command, input=script, check=True, capture_output=True, text=True).stdout.strip()

    def submit(self, recipient: str, number: int) -> None:
        """Hand in so many mails to *recipient*."""
        address = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))["addresses"][_RELAY]["inside"]
        trust = ssl.create_default_context(cafile=self.folder / "identities" / "ca.pem")
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = _SENDER, recipient, "Approval"
        message.set_content("Please approve the proposal.\n" * 50)
        with smtplib.SMTP(address, timeout=60) as client:
            client.starttls(context=trust)
            for _mail in range(number):
                client.send_message(message)


@contextmanager
def _running(folder: Path) -> Iterator[Site]:
    """Have the scenario's hosts for as long as the block lasts."""
    site = Site(folder)
    variables = folder / "variables.json"
    variables.write_text(json.dumps(_VARIABLES), encoding="utf-8")
    try:
        for action in ("create", "prepare"):
            site.molecule(action, "--scenario-name", "relay")
        site.molecule("converge", "--scenario-name", "relay", "--", f"--limit={_RELAY}", f"--extra-vars=@{variables}")
        yield site
    finally:
        site.molecule("destroy", "--scenario-name", "relay")


def _lacking() -> Sequence[str]:
    """What of the scenario's needs this machine does not have."""
    commands = [name for name in ("podman", "runc", "mmdebstrap", "ssh", "molecule") if not shutil.which(name)]
    return commands if os.geteuid() == 0 else [*commands, "root"]


def _seconds(site: Site, way: str) -> float:
    """How long all mails of one round take *way*."""
    # The connections of the round before are closed by then, and the upstream counts them no more.
    time.sleep(5)
    site.submit(_RECIPIENTS[way], MAILS)
    return float(site.on_relay(_DRAIN))


def measure(folder: Path, repetitions: int) -> report.Finding:
    """Send both ways, *repetitions* times each.

    :raises BenchError: the hosts could not be made.
    """
    title = f"{MAILS} mails of 1.5 kB from the relay's queue to one upstream. Medians of {repetitions}"
    lacking = _lacking()
    if lacking:
        return report.Finding(title, [f"Left out: this machine lacks {', '.join(lacking)} (see molecule/README.md)."])
    report.progress("relay: making its hosts")
    with _running(folder) as site:
        idle = int(site.on_relay(_MEMORY)) / 1024
        site.on_relay(_HOLD)
        # The first round warms up, and obtains the token.
        rounds = [{way: _seconds(site, way) for way in _RECIPIENTS} for _round in range(1 + repetitions)][1:]
    medians = {way: statistics.median(each[way] for each in rounds) for way in _RECIPIENTS}
    lines = [f"{'':<58} {'seconds':>8} {'mails a minute':>15}"]
    lines += [f"{way:<58} {seconds:8.2f} {60 * MAILS / seconds:15.0f}" for way, seconds in medians.items()]
    lines.append(f"{'Exchange Online takes of one mailbox':<58} {'':>8} {30:15.0f}")
    targets = [
        report.Target("the proxy: times the time without it", medians[_BRIDGE] / medians[_PASSWORD], _LIMIT),
        report.Target("the idle relay: MiB", idle, _MEMORY_LIMIT),
    ]
    return report.Finding(title, lines, targets)
