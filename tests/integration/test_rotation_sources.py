# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The new password comes from where people keep it: a vault file, the password store, AWS Secrets Manager.

The lookups are those of other collections, of community.general and amazon.aws.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from desk import VAULT_PASSWORD, vaulted
from harness import CHECKOUT
from mailboxes import NEW, NEWER, Mailboxes, opened

pytestmark = pytest.mark.slow

PAGE = CHECKOUT / "docs/rotation.md"

#: How to use a source: the variables of a host, further options of Ansible, and its environment.
Use = tuple[Mapping[str, Any], list[str], Mapping[str, str]]
#: Puts a secret into a source.
Put = Callable[[str], Use]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, collections_path: Path) -> Iterator[Mailboxes]:
    with opened(tmp_path_factory.mktemp("site"), collections_path, ["vault", "pass", "aws"]) as site:
        yield site


def try_two_versions(site: Mailboxes, name: str, put: Put, *collections: Path) -> None:
    """The first reaches the instance, once more it changes nothing, and then comes the second."""
    host, own = f"{name}_one", site.fleet.ansible.environment["ANSIBLE_COLLECTIONS_PATH"]
    path = os.pathsep.join([own, *map(str, collections)])
    site.share(name, [host])
    for secret, recycled in ((NEW, 1), (NEW, 1), (NEWER, 2)):
        site.valid(name, secret)
        variables, options, environment = put(secret)
        run = site.rotate({host: variables}, *options, "-vvvv", ANSIBLE_COLLECTIONS_PATH=path, **environment)
        assert run.succeeded, run.output
        assert site.stored(host) == [secret]
        assert site.fleet.recycled(host) == recycled
        assert "c4nary" not in run.output
        assert "c4nary" not in str(run.results)


def as_documented(name: str) -> str:
    """The value of ``weestimate_smtp_password`` in the example for a source, from the page about rotation."""
    section = PAGE.read_text("utf-8").partition(f"### {name}\n")[2].partition("\n### ")[0]
    (line,) = [line for line in section.splitlines() if line.startswith("weestimate_smtp_password: ")]
    return line.partition(": ")[2].removeprefix('"').removesuffix('"')


def test_a_vault_file(site: Mailboxes, tmp_path: Path) -> None:
    (tmp_path / "vault").write_text(VAULT_PASSWORD)

    def put(secret: str) -> Use:
        use = {"weestimate_smtp_password": as_documented("ansible-vault"), "vault_smtp_password": vaulted(secret)}
        return use, ["--vault-password-file", str(tmp_path / "vault")], {}

    try_two_versions(site, "vault", put)


@pytest.mark.skipif(not shutil.which("pass"), reason="needs the program pass")
def test_the_password_store(site: Mailboxes, tmp_path_factory: pytest.TempPathFactory, stock: Path) -> None:
    home = tmp_path_factory.mktemp("g")
    environment = {"GNUPGHOME": str(home), "PASSWORD_STORE_DIR": str(home / "store")}
    whole = {**os.environ, **environment}

    def run(*command: str, given: str = "") -> None:
        subprocess.run(command, env=whole, input=given, text=True, check=True, capture_output=True, timeout=60)

    home.chmod(0o700)
    run("gpg", "--batch", "--passphrase", "", "--quick-generate-key", "ops@example.com", "rsa2048", "encrypt", "never")
    run("pass", "init", "ops@example.com")

    def put(secret: str) -> Use:
        run("pass", "insert", "--multiline", "--force", "weestimate/smtp", given=f"{secret}\n")
        return {"weestimate_smtp_password": as_documented("The password store")}, [], environment

    try:
        try_two_versions(site, "pass", put, stock)
    finally:
        run("gpgconf", "--kill", "gpg-agent")


def test_aws_secrets_manager(site: Mailboxes, tmp_path: Path, stock: Path) -> None:
    with _moto(tmp_path) as url:
        environment = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "region_name": "eu-central-1"}
        client = boto3.client("secretsmanager", endpoint_url=url, **keys)
        client.create_secret(Name="weestimate/smtp", SecretString="nothing yet")

        def put(secret: str) -> Use:
            client.put_secret_value(SecretId="weestimate/smtp", SecretString=json.dumps({"password": secret}))
            return {"weestimate_smtp_password": as_documented("AWS Secrets Manager")}, [], environment

        try_two_versions(site, "aws", put, stock)


@contextmanager
def _moto(place: Path) -> Iterator[str]:
    """An emulated AWS on a free port of this machine, for as long as the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    with (place / "moto.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-c", code], stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _attempt in range(300):
        assert process.poll() is None
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(port)
