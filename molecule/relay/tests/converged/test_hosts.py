# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs on the relays' hosts, as whom, and what it may and may not do."""

from __future__ import annotations

import pytest

#: MiB that the relay may take while it has nothing to do.
IDLE_LIMIT = 150


def test_all_of_it_runs_and_nothing_has_failed(relay):
    assert relay.host.check_output("systemctl is-system-running") == "running"
    units = relay.host.check_output("systemctl list-units --state=running --plain --no-legend 'weestimate-relay*'")
    names = {line.split()[0] for line in units.splitlines() if line.split()[0].endswith(".service")}
    assert names == {
        "weestimate-relay-login.service",
        "weestimate-relay-oauth@exchange.service",
        "weestimate-relay-oauth@quotes.service",
    }


def test_from_outside_only_the_two_doors_can_be_reached(relay):
    sockets = relay.host.check_output("ss --no-header --listening --tcp --numeric").splitlines()
    addresses = [line.split()[3].rpartition(":") for line in sockets]
    open_ports = {port for address, _colon, port in addresses if address not in ("127.0.0.1", "[::1]")}
    assert open_ports - {"22"} == {"25", "587"}


@pytest.mark.parametrize("upstream_name", ["exchange", "quotes"])
def test_a_proxy_is_locked_in(relay, upstream_name):
    unit = f"weestimate-relay-oauth@{upstream_name}.service"
    process = relay.host.check_output(f"systemctl show --property=MainPID --value {unit}")
    status = relay.host.file(f"/proc/{process}/status").content_string
    fields = dict(line.split(":", 1) for line in status.splitlines())
    assert fields["Uid"].split()[0] not in ("0", "65534")
    assert int(fields["CapEff"], 16) == 0
    assert (fields["NoNewPrivs"].strip(), fields["Seccomp"].strip()) == ("1", "2")
    mounts = relay.host.file(f"/proc/{process}/mountinfo").content_string.splitlines()
    options = {fields[4]: fields[5].split(",") for fields in map(str.split, mounts)}
    assert "ro" in options["/"]


def test_systemd_finds_little_to_say_against_the_proxy(relay):
    unit = "weestimate-relay-oauth@exchange.service"
    shown = relay.host.check_output(f"systemd-analyze security --no-pager {unit} | tail -n 1")
    assert float(shown.split(": ")[1].split()[0]) < 2.5, shown


def test_an_idle_relay_needs_little_memory(relay):
    listed = relay.host.check_output("ps -e --no-headers -o pid,unit | grep -E ' (postfix|weestimate-relay)'")
    units = dict(map(str.split, listed.splitlines()))
    files = " ".join(f"/proc/{process}/smaps_rollup" for process in units)
    needed = relay.host.run(f"grep --no-messages ^Pss: {files}").stdout.splitlines()
    # On Debian 12 Postfix runs as an instance of a unit, postfix@-.service.
    assert {unit.partition("@")[0].removesuffix(".service") for unit in units.values()} == {
        "postfix",
        "weestimate-relay-login",
        "weestimate-relay-oauth",
    }
    assert sum(int(line.split()[1]) for line in needed) / 1024 < IDLE_LIMIT, needed
