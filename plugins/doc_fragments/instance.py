# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an instance is reached: the arguments that the modules share."""

from __future__ import annotations

_DATABASE = r"""
options:
  store:
    description: The database that holds the program options of the instance.
    type: dict
    required: REQUIRED
    suboptions:
      driver:
        description: The database engine. V(sqlite) is for the demonstration, tests and evaluation.
        type: str
        required: true
        choices: [mssql, sqlite]
      path:
        description: The database file. Required with V(sqlite); it is never created.
        type: path
      host:
        description: The database server, without instance and port. Required with V(mssql).
        type: str
      port:
        description: The TCP port of the server; the driver's default is 1433. Not together with O(store.instance).
        type: int
      instance:
        description: A named instance, resolved by the SQL Server Browser service.
        type: str
      database:
        description: The name of the database. Required with V(mssql).
        type: str
      user:
        description: The login, or the client ID of a service principal or of a user-assigned managed identity.
        type: str
      password:
        description: The password of the login, or the secret of a service principal. Any character is allowed.
        type: str
      authentication:
        description:
          - How to sign in to the server.
          - V(sql) and V(entra_service_principal) need O(store.user) and O(store.password).
          - V(kerberos) uses the ticket of the account that runs Ansible; V(entra_default) what that account's
            environment offers.
        type: str
        default: sql
        choices: [sql, kerberos, entra_service_principal, entra_managed_identity, entra_default]
      encrypt:
        description:
          - V(mandatory) encrypts and verifies the server's certificate.
          - V(strict) does so before any other exchange (TDS 8.0; SQL Server 2022 and later).
          - V(optional) encrypts only the login, unless the server demands more.
        type: str
        default: mandatory
        choices: [mandatory, strict, optional]
      server_certificate:
        description:
          - A file with the very certificate that the server must show, in PEM or DER, instead of a chain.
          - Needs O(store.encrypt=strict), because the driver ignores it otherwise.
        type: path
      host_name_in_certificate:
        description: The name to expect in the certificate, where it differs from O(store.host).
        type: str
      trust_server_certificate:
        description: Accept any certificate. The connection can then be read and altered by whoever sits in between.
        type: bool
        default: false
      connect_timeout:
        description: Seconds to wait for a connection.
        type: int
        default: 15
      command_timeout:
        description: Seconds to wait for a statement, and for a lock that somebody else holds.
        type: int
        default: 30
  layout:
    description:
      - How the options lie in the table C(programOption). What is not stated keeps its default.
      - The vendor documents the table and the group C(SMTP), not the columns, the keys and the words for booleans;
        the defaults for those are assumptions. M(weestimate.mail.smtp_settings_info) with
        O(weestimate.mail.smtp_settings_info#module:discover=true) suggests the layout of a real database.
      - Nothing is written through a layout that does not match what is there.
    type: dict
    suboptions:
      table:
        description: The table.
        type: dict
        suboptions:
          schema:
            description: The schema. Default C(dbo) on SQL Server, none on SQLite.
            type: str
          name:
            description: The name. Default C(programOption).
            type: str
      columns:
        description: The columns.
        type: dict
        suboptions:
          group:
            description: The column that holds an option's group. Default C(optionGroup).
            type: str
          key:
            description: The column that holds an option's key. Default C(optionName).
            type: str
          value:
            description: The column that holds an option's value. Default C(optionValue).
            type: str
      group:
        description: The group of the SMTP options. Default C(SMTP).
        type: str
      keys:
        description: The key of each option in the table. Default is the option's label in WeEstimate.
        type: dict
        suboptions:
          smtp_mail_enabled:
            description: Default C(SMTP Mail Enabled).
            type: str
          smtp_address:
            description: Default C(SMTP Address).
            type: str
          smtp_port:
            description: Default C(SMTP Port).
            type: str
          use_ssl:
            description: Default C(Use SSL).
            type: str
          smtp_user:
            description: Default C(SMTP User).
            type: str
          smtp_password:
            description: Default C(SMTP Password).
            type: str
          enable_smtp_send_as:
            description: Default C(Enable SMTP Send As).
            type: str
          smtp_connect_as:
            description: Default C(SMTP Connect As).
            type: str
          send_smtp_to_self:
            description: Default C(Send SMTP to Self).
            type: str
          use_smtp_email:
            description: Default C(Use SMTP Email).
            type: str
          include_mpoc_recipient:
            description: Default C(Include MPOC as a Recipient When Sending a QP).
            type: str
      booleans:
        description:
          - The words that are written for booleans.
          - C(true)/C(false), C(1)/C(0) and C(yes)/C(no) are read in any case, whatever is stated here.
        type: dict
        suboptions:
          'true':
            description: Default C(TRUE).
            type: str
          'false':
            description: Default C(FALSE).
            type: str
      password:
        description:
          - How SMTP Password is written, where that is not the password itself. A blank password is a blank value.
          - The programs run where the database is accessed from, without a shell, for at most 30 seconds. They read
            standard input, in UTF-8 and without a line break at the end, and print to standard output, of which one
            line break at the end is cut. Neither their arguments nor their environment hold the password.
        type: dict
        suboptions:
          encoding:
            description:
              - V(plain) is the password itself.
              - V(command) is what O(layout.password.encode) makes of it, the same each time.
              - V(opaque) is the same, but another text each time, as with a salt. Whether the stored password is the
                given one is then told by the journal, which is needed.
            type: str
            default: plain
            choices: [plain, command, opaque]
          encode:
            description: The program, and its arguments, that makes of a password what is stored.
            type: list
            elements: str
          decode:
            description:
              - The program, and its arguments, that makes the password of what is stored. It is optional; without it,
                mail cannot be tested with the stored password, unless the password is given.
            type: list
            elements: str
  run_on:
    description:
      - Where the database is accessed from. V(controller) does it in the controller process, so that the inventory
        host may be a Windows server; V(target) runs a module there, for a database that only the target can reach.
      - V(target) needs Python 3.9 or later on the target. With O(store.driver=mssql) it needs the driver's package
        there, and Python 3.10 or later for it.
      - With V(target) the arguments, passwords included, travel as Ansible sends those of any module. With pipelining
        on, they are never on a disk. With pipelining off, they are in a file that only its owner may read, in the
        temporary folders of the controller and of the target, until the module has run; and for longer if Ansible is
        told to keep remote files. They are in no process's arguments and not in the target's system log.
    type: str
    default: controller
    choices: [controller, target]
requirements:
  - jsonschema >= 4.18 on the controller
  - mssql-python >= 1.8 where the database is accessed from, with O(store.driver=mssql)
"""

_JOURNAL = r"""
  journal:
    description:
      - The table that records each change, in the same transaction as the change.
      - The word V(none) instead of a dictionary is short for O(journal.enabled=false).
    type: dict
    suboptions:
      enabled:
        description: Whether there is a journal. Without one nothing can be restored.
        type: bool
        default: true
      database:
        description: Another database on the same SQL Server. Default is the one of O(store).
        type: str
      schema:
        description: The schema of the table. Default is the schema of O(layout.table).
        type: str
      table:
        description: The name of the table.
        type: str
        default: weestimateMailJournal
      create:
        description: Create the table when the first change is recorded.
        type: bool
        default: true
"""


class ModuleDocFragment:
    """Used as ``weestimate.mail.instance``.

    It is ``weestimate.mail.instance.examined`` where there need not be a store, and
    ``weestimate.mail.instance.optional`` where nothing is recorded either.
    """

    # With annotations for the reason given in conversation.py.

    OPTIONAL: str = _DATABASE.replace("REQUIRED", "false")
    EXAMINED: str = OPTIONAL.replace("options:", f"options:{_JOURNAL.rstrip()}", 1)
    DOCUMENTATION: str = EXAMINED.replace("required: false", "required: true", 1)
