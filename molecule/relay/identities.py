# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the certificates of the hosts of this run, and those by which an application proves to be itself.

identities.py DIRECTORY APPLICATIONS NAME=HOST ...

Writes ca.pem, the authority to trust, and for each server NAME, known to its clients by HOST (an IP address or a name),
NAME.crt, NAME.key, and NAME.pem with both. The same for each of the APPLICATIONS, a list with commas, but these are
signed by themselves: whoever trusts one knows its very certificate. The authority's own key is written nowhere.
Needs molecule/mail on PYTHONPATH.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from certificates import Identity, issue
from cryptography.hazmat.primitives import serialization


def write(file: Path, content: bytes) -> None:
    """Write a *file* that is its owner's alone."""
    file.touch(mode=0o600)
    file.write_bytes(content)


def write_identity(directory: Path, name: str, identity: Identity) -> None:
    """Write certificate and key, alone and together."""
    both = identity.pem()
    certificate = identity.certificate.public_bytes(serialization.Encoding.PEM)
    write(directory / f"{name}.crt", certificate)
    write(directory / f"{name}.key", both.removesuffix(certificate))
    write(directory / f"{name}.pem", both)


def main(directory: Path, applications: Sequence[str], servers: Sequence[str]) -> None:
    """Write the files."""
    authority = issue("Authority of this run")
    directory.mkdir()
    (directory / "ca.pem").write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    for name, host in (server.split("=", 1) for server in servers):
        write_identity(directory, name, issue(name, authority, host))
    for name in applications:
        write_identity(directory, name, issue(name, None, name))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2].split(","), sys.argv[3:])
