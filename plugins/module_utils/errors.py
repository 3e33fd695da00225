# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every failure that the collection can name, worded where it is known and reported in one shape."""

from __future__ import annotations

from typing import Any

#: The stable codes and what each one means. Pipelines branch on the code; people read the message and the remedy.
CODES = {
    "schema_invalid": "the arguments, or the settings that would result, break a documented rule",
    "profile_missing": "no profile of that name lies in the directories that were searched",
    "profile_invalid": "the profile cannot be rendered, parsed or used",
    "driver_missing": "a Python package or a system library that the work needs is not installed",
    "store_unreachable": "the database server or file cannot be reached",
    "store_auth_failed": "the database server does not accept the login",
    "store_tls_untrusted": "the database server's certificate is not trusted or names another host",
    "store_error": "the database failed in a way that has no code of its own",
    "database_missing": "the server or path has no such database",
    "table_missing": "the database has no table of that name",
    "column_missing": "the table has no column of that name",
    "option_missing": "the table has no row for an option that is to be set",
    "option_duplicate": "the table has several rows for one option",
    "option_undecodable": "a stored value does not fit the option's type",
    "permission_denied": "the login may not do this in the database",
    "lock_timeout": "somebody else held the rows or the file for too long",
    "concurrent_change": "somebody else changed the settings at the same time",
    "write_not_verified": "what was read back is not what was written",
    "journal_unavailable": "the journal cannot be read or written",
    "restore_unavailable": "the journal holds nothing that could be restored",
    "redirect_without_password": "the stored password would be sent to a place that it was not given for",
    "recycle_failed": "the approval server did not come back with the new settings",
    "candidate_refused": "the mail server does not take the new settings; nothing was written",
    "mail_disabled": "SMTP Mail Enabled is off, so there is nothing to test",
    "test_failed": "a test mail did not get as far as it was to get",
    "mailbox_unavailable": "the mailbox in which the test mail is looked for cannot be read",
    "delivery_missing": "the test mail was accepted, but did not arrive in time",
    "delivery_junk": "the test mail arrived among junk, and that was to count as a failure",
    "rolled_back": "the new settings failed their check; the instance is back on the former ones",
    "rolled_back_not_working": "neither the new settings work nor the former ones, which the instance is back on",
    "not_rolled_back": "the new settings failed their check, and the instance still holds them",
    "examination_failed": "a point of the doctor's checklist failed",
    "window_open": "somebody holds a document window on the instance",
    "drifted": "instances hold something else than what is declared",
    "not_examined": "instances could not be examined, so nothing is known of them",
    "rotation_held": "another instance of the same mailbox could not take the new password",
    "callback_failed": "a task file of the user's failed at a stage of a rotation",
    "password_overdue": "the password is older than it may be",
    "password_unreadable": "the stored password is encoded, and nothing was given to read it with",
    "encoder_failed": "the program that encodes or decodes the password failed",
    "report_unusable": "a report cannot be written, or what it is made from cannot be read",
    "relay_config_refused": "a program of the relay refuses the new configuration; the former one is in force",
    "relay_not_started": "the relay did not come up with the new configuration; the former one is in force again",
    "relay_no_former": "no proven configuration of the relay is there to go back to",
    "relay_unproven": "a test mail did not get through the changed relay, which is back on its former configuration",
    "relay_unwell": "the relay needs somebody's attention",
}


class MailSettingsError(Exception):
    """A failure with a stable code, one sentence about what happened, and one about what to do.

    ``code`` is a key of `CODES`; ``details`` are further result keys such as ``violations``. No part may hold
    the value of a secret: whoever raises the error leaves it out, nobody cleans it up afterwards.
    """

    def __init__(self, code: str, message: str, remedy: str, **details: Any) -> None:
        if code not in CODES:
            raise ValueError(f"{code} is not one of the collection's error codes")
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.details = details

    def result(self) -> dict[str, Any]:
        """The error as the keys of a failed Ansible result."""
        return {
            **self.details,
            "failed": True,
            "msg": f"{self.message} {self.remedy}",
            "error_code": self.code,
            "remedy": self.remedy,
        }
