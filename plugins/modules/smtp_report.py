#!/usr/bin/python
# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_report
short_description: Write the report on a fleet of WeEstimate instances
version_added: 0.3.0
description:
  - Puts together what M(weestimate.mail.smtp_drift) has found about many instances, and M(weestimate.mail.relay_doctor)
    about relays, writes it as JSON, JUnit XML, Markdown and HTML on the controller, and tells what the run should end
    in.
  - It does not fail because of what was found, so that a table can be shown first. RV(fault) is made for
    M(weestimate.mail.fail_with_code).
  - The JSON fulfils C(schemas/drift.schema.json). Nothing in the report is secret.
author:
  - The weestimate.mail authors (@weestimate)
extends_documentation_fragment:
  - weestimate.mail.attributes
attributes:
  check_mode:
    support: full
    details: A report is no change of what it is about, so it is written in check mode too.
  diff_mode:
    support: N/A
    details: It only writes reports.
  idempotent:
    support: N/A
    details: It writes the files each time, with the time in them, and never reports a change.
options:
  findings:
    description:
      - The folder into which M(weestimate.mail.smtp_drift) has put its findings, as it was stated there. They are
        removed as they are read.
      - Either this or O(source) is required.
    type: path
  source:
    description:
      - A C(drift.json) that has been written before, or several that become one report. Of an instance that is in two
        of them, the later finding counts.
    type: list
    elements: path
  expected:
    description:
      - The instances of which there has to be a finding. One without counts as an instance that could not be examined.
    type: list
    elements: str
    default: []
  expected_relays:
    description: The same for relays, of which M(weestimate.mail.relay_doctor) puts its findings into the same folder.
    type: list
    elements: str
    default: []
    version_added: 0.4.0
  dest:
    description: The folder of the files, which is made if need be. A relative path starts where Ansible was started.
    type: path
    default: drift
  formats:
    description: "What is written: C(drift.json), C(drift.xml), C(drift.md), C(drift.html)."
    type: list
    elements: str
    choices: [json, junit, markdown, html]
    default: [json, junit, markdown, html]
  fail_on_drift:
    description: Whether drift is part of RV(fault), for the instances that were examined to that end.
    type: bool
    default: true
  run:
    description: Which run has examined the instances, such as the address of a pipeline's job.
    type: str
requirements:
  - jsonschema >= 4.18 on the controller
seealso:
  - module: weestimate.mail.smtp_drift
  - module: weestimate.mail.relay_doctor
"""

EXAMPLES = r"""
- name: Report on what was found
  weestimate.mail.smtp_report:
    findings: findings
    dest: /srv/reports/mail
  register: reported

- name: Fail as the findings ask for
  weestimate.mail.fail_with_code:
    error_code: "{{ reported.fault.error_code }}"
    msg: "{{ reported.fault.msg }}"
    remedy: "{{ reported.fault.remedy }}"
    unreachable: "{{ reported.fault.unreachable }}"
  when: reported.fault | length > 0

- name: Make one page of the reports of two parts of the fleet
  weestimate.mail.smtp_report:
    source: [east/drift.json, west/drift.json]
    dest: /srv/reports/mail
    formats: [html]
"""

RETURN = r"""
verdict:
  description:
    - V(failed) when an instance could not be examined, or there was none; otherwise V(drifted) when one does not hold
      what is declared, or a document window has outlived its time; otherwise V(in_sync).
  returned: success
  type: str
  sample: drifted
counts:
  description: How many instances are in each state.
  returned: success
  type: dict
  sample: {in_sync: 3, drifted: 1, window_open: 0, window_expired: 0, failed: 0}
table:
  description: Lines of text for a terminal, one for each instance that is not in sync.
  returned: success
  type: list
  elements: str
  sample:
    - "4 instances: 1 drifted, 3 in sync."
    - "Drifted  production  quotes-1  SMTP Port is 25 instead of 587 (edited by hand after 2026-11-20 08:15 UTC)"
files:
  description: The files that were written, by format.
  returned: success
  type: dict
  sample:
    json: /srv/reports/mail/drift.json
    html: /srv/reports/mail/drift.html
fault:
  description:
    - Why the run is to fail, as C(error_code), C(msg), C(remedy) and whether the exit status is to be that of an
      C(unreachable) host. Empty when it is not to fail.
    - The codes are V(not_examined), V(drifted) and V(password_overdue), the first that applies.
  returned: success
  type: dict
  sample:
    error_code: drifted
    msg: "1 of 4 instances do not hold what is declared: quotes-1."
    remedy: Take an edit over into the profile, or apply the profile again (weestimate.mail.apply).
    unreachable: false
error_code:
  description: V(report_unusable) or V(schema_invalid).
  returned: failure
  type: str
  sample: report_unusable
remedy:
  description: What to do about a failure.
  returned: failure
  type: str
  sample: Take a file drift.json that weestimate.mail.drift has written.
"""
