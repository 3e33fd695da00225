# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What mail servers say of encryption and of the login, by the meaning of their words, whatever their make."""

from __future__ import annotations

from .rule import GREETING, LOGIN, SENDING, Rule

ENCRYPTION = (
    Rule("protocol_error", r"pipelin\w*|may not be repeated", ("tls",)),
    Rule(
        "tls_not_offered",
        r"""
        (?:start)?tls .. (?:temporar\w+|local problem|try again)
        """,
        code="4..",
        permanent=False,
    ),
    # RFC 3207, 4: 454 is for a reason that passes.
    Rule("tls_not_offered", r"(?:start)?tls {be}(?:not |un)available", code="454", permanent=False),
    Rule(
        "tls_not_offered",
        r"""
        {secure}(?: extension| command| support| connections?)? {be}{lacking}
        (?:not|n?either) (?:support|offer|advertise|announce|provide|implement)\w* .. (?:{secure}|secure|that feature)
        advertised? that feature
        {secure} {be}required,? but .. (?:not|un)
        (?:starttls|tls|ssl) attempted but
        starttls-not-supported
        must support tls
        no starttls
        {lacking} (?:command\W{0,4})?starttls
        starttls (?:command )?(?:failed|refused|rejected)
        without (?:starttls|tls|ssl) (?:support|capability|extension)
        """,
    ),
    Rule(
        "tls_not_offered",
        r"""
        command .. {lacking}
        {lacking} command
        """,
        ("tls",),
        code="50[0-4]|454",
    ),
    Rule(
        "tls_required",
        r"""
        must (?:first )?(?:issue|use|send|start|negotiate|establish|initiate|support) .. {secure}
        starttls (?:command )?(?:first|before)
        {secure}(?: \w+){0,2}? {be}(?:must be )?{required}
        requires? .. {secure}
        only .. (?:over|with|via|through|on|after|using) (?:an? )?{secure}
        (?:over|with|via|through|on|after|using) (?:an? )?{secure} only
        not {allowed} (?:before|prior to) {secure}
        {insecure} .. {denied}
        {denied} .. {insecure}
        not {allowed} .. (?:without|until|unless) .. {secure}
        (?:without|unless|until) .. {secure}
        not (?:\w+ )?encrypted
        """,
    ),
    Rule("tls_required", r"{insecure} (?:connection|session|channel)", LOGIN),
    # To a client that has just tried it, the same words say something else.
    Rule(
        "tls_required",
        r"(?:use|using|enable|issue|start|try) (?:starttls|tls|ssl|encryption)",
        (*GREETING, *LOGIN, *SENDING),
    ),
)

RULES = (
    Rule(
        "protocol_error",
        r"""
        not decode|decod\w+ .. {failed}|base64
        malformed .. response|bad protocol
        already authenticated
        argument
        """,
        LOGIN,
    ),
    Rule("auth_required", r"auth\w* .. {required}", LOGIN, code="530"),
    # What the client finds of itself: this machine's policy may forbid what the mechanism is made of.
    Rule("auth_not_offered", r"(?:cram-md5|digest-md5|ntlm|xoauth2|login|plain) can not be used", LOGIN),
    # Where a server lists all that may be wrong, it begins with the likeliest.
    Rule(
        "auth_bad_credentials",
        r"""
        {wrong} (?:\w+ )?{password},? or
        account is abnormal, service is not open
        """,
        LOGIN,
    ),
    Rule(
        "auth_smtp_auth_disabled",
        r"""
        smtpclientauthentication
        smtp_auth_disabled
        smtp ?(?:client )?auth\w*(?: \w+){0,3}? (?:disabled|not enabled|turned off|switched off|not activated)
        authenticated (?:client )?smtp(?: submission)? {be}(?:disabled|not enabled)
        {clients} (?:\w+ )?{be}{disabled}
        {clients} (?:\w+ )?(?:access|service|submission) {be}(?:{disabled}|{denied})
        {mailbox} .. (?:not enabled|disabled|not activated) for (?:smtp|authenticated|mail client|external|pop|imap)
        (?:enable|activate|turn on) .. (?:smtp|imap|pop)\b
        not have access rights to this service
        user has no permission
        (?:not|no) .. (?:access|permission|right)s? .. (?:smtp|this service)
        """,
        LOGIN,
    ),
    Rule(
        "auth_basic_auth_retired",
        r"""
        basic auth\w*(?: \w+){0,2}? (?:{disabled}|{retired})
        {passwords} .. (?:no longer|retired|deprecated|removed)
        (?:no longer|not) (?:support|accept|allow)\w* .. (?:basic|legacy|less secure|password-based)
        less secure apps? .. (?:no longer|not|disabled|removed|turned off)
        {must} .. (?:modern auth\w*|oauth ?2?|xoauth2)
        (?:modern auth\w*|oauth ?2?(?:\.0)?|xoauth2)(?: \w+){0,2}? {required}
        """,
    ),
    Rule(
        "auth_app_password_required",
        r"""
        application[- ]specific
        app(?:lication)?[- ]?(?:specific )?password
        (?:client-specific|device|third-?party (?:client |app )?) ?password
        password .. (?:for|of) (?:external )?app(?:lication)?s?\b
        parol prilozheniya
        invalid ?second ?factor
        authori[sz]ation code
        授权码
        #auth005
        (?:two|2)[- ]?(?:factor|step)
        2(?:fa|sv)\b
        multi-?factor
        mfa\b
        """,
        LOGIN,
    ),
    Rule(
        "quota_exceeded",
        r"""
        maximum credits
        credits? .. exceed\w*
        (?:quota|plan|monthly|daily) .. (?:exceed\w*|reached|limit)
        quota
        """,
        LOGIN,
    ),
    Rule(
        "rate_limited",
        r"""
        {many} .. (?:{login}|fail\w*|attempts?|connections?|concurrent|invalid|wrong|sessions?|tries)
        (?:{login}|attempt|connection|request)s? .. (?:limit|rate|exceeded|threshold)\b
        throttl\w*
        rate[- ]?limit\w*
        limit {be}(?:exceeded|reached)
        too (?:often|frequent\w*|fast|quickly)
        (?:login|auth\w*) frequency
        """,
        LOGIN,
        enhanced=r"(?!5\.7\.139).*",
    ),
    Rule(
        "auth_not_offered",
        r"""
        auth\w*(?: \w+){0,4}? {be}(?:{lacking}|not permitted on this port|not allowed (?:here|on this))
        advertised
        {lacking} (?:smtp )?(?:auth\w*|sasl)
        (?:invalid|bad) (?:smtp )?(?:auth\w*|sasl) (?:type|mech\w*|method)
        no (?:\w+ )?{suitable} .. (?:auth\w*|sasl|mech\w*)
        (?:auth\w*|sasl) .. no (?:\w+ )?(?:mechanism|mechs?)
        mechanism\w*(?: \S+)? {be}(?:{lacking}|not allowed|too weak|invalid)
        (?:not|n?either) (?:support|offer|advertise|announce|provide)\w* .. (?:auth\w*|sasl|login|mechanism)
        no (?:sasl|auth\w*) (?:mech\w*|method|support)
        auth(?: command)? {be}not {allowed}\W*$
        (?:command|verb) .. {lacking}
        (?:{lacking}|invalid) command
        """,
        LOGIN,
        code="(?!454).*",
    ),
    Rule(
        "auth_policy_blocked",
        r"""
        security defaults
        conditional access
        not meet the criteria
        (?:organi[sz]ation|tenant|security|access|admin\w*|company|domain|account) .. polic(?:y|ies)
        polic(?:y|ies) .. (?:block|prevent|prohibit|restrict|den|forbid|violat)\w*
        (?:blocked|denied|restricted|prevented) by .. (?:polic\w+|admin\w*|organi[sz]ation)
        {mailbox} (?:\S+ )?{be}{disabled}
        {disabled} {mailbox}
        lock(?:ed)? ?out|locked
        not subscribed
        {password} {be}(?:\w+ )?(?:too (?:simple|weak|short)|expired|weak|compromised|must be changed)
        (?:must|need to|please|should) (?:change|reset|update|renew) .. password
        password (?:transition|change|reset)
        web ?login|browser
        {login} (?:via|with|through|to|at|on) (?:your |the |our )?(?:web\w*|browser|account|control panel|portal)
        verify (?:your )?(?:account|identity|e-?mail)
        can ?not be accessed
        unauthori[sz]ed ip
        ip(?: address)? (?:\S+ )?{be}(?:not |un)?(?:{denied}|{allowed}|whitelisted|trusted|blacklisted|restricted)
        unusual|suspicious|abnormal|risky|hacked|compromised|abuse|fraud\w*
        (?:country|geo\w*|region|location) .. (?:block|allow|restrict|den)\w*
        critical error
        (?:not|un) ?(?:{allowed}|licensed|entitled)
        (?:account|access|user|service) {be}not (?:yet )?{be}(?:activated|verified|approved|confirmed|enabled)
        (?:plan|subscription|licen[cs]e|trial|package) .. (?:not|expired|upgrade|required|ended|include)
        (?:access|{login}) {be}(?:{denied}|{disabled})
        payment|unpaid|overdue
        """,
        LOGIN,
        code="(?!4).*|454|421|432",
    ),
    Rule("server_busy_or_unavailable", r"connection lost to auth\w* server", LOGIN, permanent=False),
    Rule("auth_bad_credentials", r"{wrong} .. (?:credentials|password|user ?name)", LOGIN),
    Rule(
        "server_busy_or_unavailable",
        r"""
        temporar\w*
        (?:try|again) .. (?:later|again)
        at (?:present|this time|the moment)
        internal (?:\w+ )?{failed}
        unavailable
        (?:system|server|backend|database|ldap|local|service|resource) .. (?:{failed}|down|busy|unreachable)
        (?:not|unable) .. (?:connect|contact|reach) .. (?:server|service|backend|database|directory)
        """,
        LOGIN,
        code="4..",
    ),
)

#: Words that any reply to a login holds: they count where nothing else was said, of the network either.
GENERAL = (
    Rule(
        "auth_bad_credentials",
        r"""
        (?:{wrong}|unknown|expired|revoked|no such) .. (?:{login}|{password})
        (?:{login}|{password}) .. (?:{wrong}|{unknown}|{denied}|not (?:accepted|correct|match)|revoked|unauthori[sz]ed)
        (?:auth\w*|{login}) .. {failed}
        {failed} .. (?:auth\w*|{login})
        (?:not|unable) .. (?:auth\w*|{login})
        credentials|authenticat\w*|authori[sz]ation|auth\b
        (?:access|permission) denied
        unauthori[sz]ed
        password
        """,
        LOGIN,
        code="(?!4).*",
    ),
)
