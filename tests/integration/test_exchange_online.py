# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page on Exchange Online, as far as it can be tried without a tenant and without PowerShell.

What it has a reader type in PowerShell is compared with the reference of the commands; no tenant confirms it.
"""

from __future__ import annotations

import re
import shlex
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import CHECKOUT
from pages import Page

PAGE = Page(CHECKOUT / "docs" / "exchange-online.md")

#: Parameters of each command that the page uses, read on 22 November 2026 in Microsoft's reference: for Exchange in
#: MicrosoftDocs/office-docs-powershell of 21 August 2026, for Graph in MicrosoftDocs/microsoftgraph-docs-powershell of
#: 30 January 2026, for the rest in the documentation of PowerShell 7.
REFERENCE = {
    "Add-MailboxPermission": {"AccessRights", "AutoMapping", "Identity", "InheritanceType", "Owner", "User"},
    "Add-MgApplicationPassword": {"ApplicationId", "BodyParameter", "InputObject", "PasswordCredential"},
    "Add-RecipientPermission": {"AccessRights", "Confirm", "Identity", "Trustee", "WhatIf"},
    "Connect-ExchangeOnline": {"AppId", "Certificate", "Organization", "ShowBanner", "UserPrincipalName"},
    "Connect-MgGraph": {"CertificateThumbprint", "ClientId", "NoWelcome", "Scopes", "TenantId", "UseDeviceCode"},
    "Enable-OrganizationCustomization": {"Confirm", "WhatIf"},
    "ForEach-Object": {"Begin", "End", "InputObject", "MemberName", "Process"},
    "Format-Table": {"AutoSize", "GroupBy", "HideTableHeaders", "Property", "Wrap"},
    "Get-Date": {"AsUTC", "Date", "Format", "UFormat"},
    "Get-DistributionGroupMember": {"Credential", "Identity", "IncludeSoftDeletedObjects", "ResultSize"},
    "Get-OrganizationConfig": set(),
    "Get-MgApplication": {"All", "ApplicationId", "Filter", "Property", "Search", "Top"},
    "Get-MgServicePrincipal": {"All", "Filter", "Property", "Search", "ServicePrincipalId", "Top"},
    "Install-Module": {"AllowPrerelease", "Force", "Name", "Repository", "RequiredVersion", "Scope"},
    "New-DistributionGroup": {"Alias", "DisplayName", "ManagedBy", "Members", "Name", "PrimarySmtpAddress", "Type"},
    "New-ManagementRoleAssignment": {
        *("App", "CustomResourceScope", "Name", "RecipientAdministrativeUnitScope", "RecipientGroupScope", "Role"),
    },
    "New-ManagementScope": {"Exclusive", "Force", "Name", "RecipientRestrictionFilter", "RecipientRoot"},
    "New-MgApplication": {"BodyParameter", "DisplayName", "KeyCredentials", "RequiredResourceAccess", "SignInAudience"},
    "New-MgServicePrincipal": {"AppId", "BodyParameter", "DisplayName", "Notes"},
    "New-MgServicePrincipalAppRoleAssignment": {
        *("AppRoleId", "BodyParameter", "PrincipalId", "ResourceId", "ServicePrincipalId"),
    },
    "New-ServicePrincipal": {"AppId", "Confirm", "DisplayName", "ObjectId", "Organization", "ServiceId"},
    "Remove-MailboxPermission": {"AccessRights", "Confirm", "Identity", "InheritanceType", "User", "WhatIf"},
    "Remove-ManagementRoleAssignment": {"Confirm", "Force", "Identity", "WhatIf"},
    "Remove-MgApplicationPassword": {"ApplicationId", "BodyParameter", "InputObject", "KeyId", "WhatIf"},
    "Remove-ServicePrincipal": {"Confirm", "Identity", "WhatIf"},
    "Set-CASMailbox": {"Identity", "ImapEnabled", "PopEnabled", "SmtpClientAuthenticationDisabled"},
    "Set-Clipboard": {"Append", "AsOSC52", "PassThru", "Value"},
    "Test-ServicePrincipalAuthorization": {"Confirm", "Identity", "Resource", "WhatIf"},
    "Update-MgApplication": {"ApplicationId", "BodyParameter", "DisplayName", "KeyCredentials"},
    "Where-Object": {"FilterScript", "Property", "Value"},
}

_BLOCK = re.compile(r"^```powershell\n(.*?)^```", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`([A-Z][a-z]+-[A-Z]\w+ -[^`]+)`")
_TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")
_CALL = re.compile(r"^\s*([A-Z]\w+-[A-Z]\w+)\b(.*)$")


def lines() -> list[str]:
    """Each line of PowerShell, those within the prose included."""
    blocks = [line for block in _BLOCK.findall(PAGE.text) for line in block.splitlines()]
    return [*blocks, *_INLINE.findall(PAGE.text)]


def calls(line: str) -> Iterator[tuple[str, set[str]]]:
    """Each command of a line with the parameters that it is given; texts in quotes are none of its."""
    for part in re.split(r"[|{}()=;]", _TEXT.sub("TEXT", line)):
        call = _CALL.match(part)
        if call:
            yield call[1], set(re.findall(r"(?<=\s)-([A-Za-z]\w*)", call[2]))


def test_the_lines_are_taken_apart_as_powershell_does() -> None:
    line = "$a = New-It -Name 'x -No' -At @{ b = (Get-Date -AsUTC).AddDays(1) } | Where-It { $_.Value -eq 'y' }"
    assert list(calls(line)) == [("New-It", {"Name", "At"}), ("Get-Date", {"AsUTC"}), ("Where-It", set())]


@pytest.mark.parametrize("line", lines())
def test_only_commands_and_parameters_of_the_reference_are_named(line: str) -> None:
    unknown = {command: given - REFERENCE.get(command, set()) for command, given in calls(line)}
    assert {command: names for command, names in unknown.items() if names or command not in REFERENCE} == {}
    assert _TEXT.sub("", line).count("{") == _TEXT.sub("", line).count("}")
    assert _TEXT.sub("", line).count("(") == _TEXT.sub("", line).count(")")
    assert "'" not in _TEXT.sub("", line)


def test_the_reference_holds_no_command_that_the_page_does_not_use() -> None:
    assert {command for line in lines() for command, _given in calls(line)} == REFERENCE.keys()


def test_a_variable_is_set_before_it_is_used_in_each_way() -> None:
    known = {"_", "PWD", "false", "true"}
    for line in lines():
        used = set(re.findall(r"\$(\w+)", re.sub(r"^\$\w+ = ", "", line)))
        assert used <= known, line
        known |= set(re.findall(r"^\$(\w+) = ", line))


def test_the_certificate_is_one_that_an_application_may_have(tmp_path: Path) -> None:
    openssl, doctor = PAGE.commands
    assert doctor in Page(CHECKOUT / "docs" / "relay.md").commands  # it is tried there
    subprocess.run(shlex.split(openssl), cwd=tmp_path, check=True, capture_output=True)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "relay-app.crt", tmp_path / "relay-app.key")  # they belong to each other
    assert "WeEstimate relay" in subprocess.check_output(
        ["openssl", "x509", "-in", "relay-app.crt", "-noout", "-subject"], cwd=tmp_path, text=True
    )


def test_each_source_is_referred_to_and_each_reference_has_its_source() -> None:
    body, table = PAGE.text.split("## Sources\n")
    listed = re.findall(r"^\| (\d+) \|", table, re.MULTILINE)
    assert listed == [str(number) for number in range(1, len(listed) + 1)]
    assert set(re.findall(r"\[(\d+)\](?!\()", body)) == set(listed)
    assert all("](https://" in row for row in re.findall(r"^\| \d+ \|.*$", table, re.MULTILINE))
