# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What mail servers say of encryption and of the login, by the meaning of their words."""

from __future__ import annotations

from .rule import LOGIN, Rule

ENCRYPTION = (
    Rule(
        "tls_not_offered",
        r"""
        (?:start)?tls .. (?:temporar\w+|local problem|try again)
        start tls .. temporar\w+
        """,
        code="4..",
        permanent=False,
    ),
    Rule(
        "tls_not_offered",
        r"""
        starttls(?: \w+){0,3}? (?:is |was )?not (?:\w+ )?(?:supported|offered|advertised|available|implemented|enabled|recogni[sz]ed|announced|understood|allowed)
        not (?:support|offer|advertise|announce|provide|implement)\w* .. (?:starttls|tls|ssl|secure|that feature|encrypt\w*)
        not advertise that feature
        (?:tls|ssl|encryption)(?: is| was)? (?:currently |temporarily )?(?:not available|unavailable)
        (?:tls|ssl|starttls|encryption) (?:is |was )?required,? but (?:was )?(?:not|un)
        starttls-not-supported
        must support tls
        no starttls
        starttls (?:command )?(?:unavailable|unknown|failed|refused|unrecogni[sz]ed|unsupported|disabled)
        (?:unknown|unrecogni[sz]ed|unimplemented|unsupported) (?:command\W{0,4})?starttls
        without (?:starttls|tls|ssl) (?:support|capability|extension)
        (?:start)?tls (?:support )?(?:not|is not) (?:configured|set up|active)
        """,
    ),
    Rule(
        "tls_not_offered",
        r"""
        command .. not (?:recogni[sz]ed|implemented|supported)
        (?:unknown|unrecogni[sz]ed|unimplemented) command
        """,
        ("tls",),
        code="50[0-4]|454",
    ),
    Rule(
        "tls_required",
        r"""
        must (?:first )?(?:issue|use|send|start|negotiate|establish|initiate) (?:a |an )?(?:the )?(?:starttls|tls|ssl|secure|encrypt\w*)
        starttls (?:command )?(?:first|is {required}|{required}|before)
        (?:encrypt\w*|tls|ssl|secure (?:connection|channel)|starttls)(?: \w+){0,2}? (?:is |are |must be )?{required}
        requires? (?:the use of |that you use |an? |us(?:e|ing) (?:of )?)?(?:starttls|tls|ssl|encrypt\w*|secure)
        (?:use|using|enable|issue|start|try) (?:starttls|tls|ssl|encryption)
        only .. (?:over|with|via|through|on|after|using) (?:an? )?(?:tls|ssl|secure|encrypt\w*|starttls)
        (?:not|un)(?: be)? ?encrypted .. (?:not|{denied})
        (?:plain ?text|clear ?text|unencrypted|insecure|unsecured?|non-?secure|plain) (?:\w+ )?(?:auth\w*|connection|login|session|mechanism\w*|password)s? .. {denied}
        {denied} .. (?:plain ?text|clear ?text|unencrypted|insecure) (?:auth\w*|connection|login|session|password)s?
        not {allowed} .. (?:without|until|unless|on (?:an )?(?:unencrypted|insecure|plain)) .. (?:tls|ssl|encrypt\w*|secure|starttls)?
        (?:without|unless|until) .. (?:starttls|tls|ssl|encryption|secure connection)
        secure(?:d)? (?:connection|channel|session) (?:first|is {required}|{required})
        """,
        permanent=True,
    ),
)

RULES = (
    Rule(
        "auth_smtp_auth_disabled",
        r"""
        smtpclientauthentication
        smtp_auth_disabled
        smtp ?(?:client )?auth\w*(?: \w+){0,3}? (?:disabled|not enabled|turned off|switched off|not activated)
        authenticated (?:client )?smtp(?: submission)?(?: is| was| has been)? (?:disabled|not enabled)
        (?:smtp|imap|pop3?|mail client|external (?:client|program)s?|protocol|client) (?:\w+ )?(?:access|service|submission)? ?(?:is |was |has )?(?:been )?(?:currently )?(?:disabled|not enabled|deactivated|not activated|turned off|closed)
        {mailbox} .. (?:not enabled|disabled|not activated) for (?:smtp|authenticated|mail client|external|pop|imap)
        (?:enable|activate|turn on) .. (?:smtp|imap|pop)\b .. (?:access|service|setting|webmail|in)
        not have access rights to this service
        user has no permission
        (?:not|no) .. (?:access|permission|right)s? .. (?:smtp|this service|via smtp)
        """,
        LOGIN,
    ),
    Rule(
        "auth_basic_auth_retired",
        r"""
        basic auth\w*(?: \w+){0,2}? (?:{disabled}|not supported|no longer|turned off|removed|deprecated|retired|unsupported)
        (?:password|plain|legacy|basic)[- ](?:based )?(?:auth\w*|login|sign-?in)s? .. (?:no longer|retired|deprecated|removed)
        (?:no longer|not) (?:support|accept|allow)\w* .. (?:basic|legacy|less secure|password-based)
        less secure apps? .. (?:no longer|not|disabled|removed|turned off)
        (?:must|please|should|requires?) .. (?:modern auth\w*|oauth ?2?|xoauth2)
        (?:modern auth\w*|oauth ?2?(?:\.0)?|xoauth2)(?: \w+){0,2}? {required}
        """,
    ),
    Rule(
        "auth_app_password_required",
        r"""
        application[- ]specific
        app(?:lication)?[- ]?(?:specific )?password
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
        client-specific password|device password|third-?party (?:client |app )?password
        """,
        LOGIN,
    ),
    Rule(
        "rate_limited",
        r"""
        {many} (?:\w+ ){0,3}?(?:log[- ]?ins?|auth\w*|fail\w*|sign-?ins?|attempts?|connections?|concurrent|invalid|wrong|sessions?|tries)
        (?:log[- ]?in|auth\w*|sign-?in|attempt|connection|request)s?(?: \w+){0,3}? (?:limit|rate|exceeded|threshold)
        throttl\w*
        rate[- ]?limit\w*
        limit (?:has been )?(?:exceeded|reached)
        too (?:often|frequent\w*|fast|quickly)
        (?:temporarily|currently) (?:blocked|locked|banned|refus\w+) .. (?:attempts|failures|ip)
        login frequency
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
        "auth_policy_blocked",
        r"""
        security defaults
        conditional access
        not meet the criteria
        (?:organi[sz]ation|tenant|security|access|admin\w*|company|domain|account) .. polic(?:y|ies)
        polic(?:y|ies) .. (?:block|prevent|prohibit|restrict|den|forbid|violat)\w*
        (?:blocked|denied|restricted|prevented) by .. (?:polic\w+|admin\w*|organi[sz]ation)
        {mailbox} (?:\S+ )?(?:is |has |was |been |currently |temporarily |not |an? )*{disabled}
        {disabled} (?:user|account|mailbox|recipient)
        lock(?:ed)? ?out|locked
        not subscribed
        password (?:is |was |has )?(?:been )?(?:\w+ )?(?:too (?:simple|weak|short)|expired|weak|compromised|must be changed)
        (?:must|need to|please|should) (?:change|reset|update|renew) .. password
        password (?:transition|change|reset)
        (?:web ?login|browser)
        log ?in (?:via|with|through|to|at|on) (?:your |the |our )?(?:web\w*|browser|account|control panel|portal)
        verify (?:your )?(?:account|identity|e-?mail)
        can ?not be accessed
        ip(?: address)?(?: \S+)? (?:is )?(?:not|un) ?(?:be )?(?:allowed|authori[sz]ed|whitelisted|permitted|trusted)
        unauthori[sz]ed ip
        ip (?:address )?(?:\S+ )?(?:is |has been |was )?(?:blocked|banned|blacklisted|restricted|denied)
        (?:unusual|suspicious|abnormal|risky|hacked|compromised|abuse|fraud\w*)
        (?:country|geo\w*|region|location) .. (?:block|allow|restrict|den)\w*
        critical error
        (?:not|un) ?(?:{allowed}|licensed|entitled)
        (?:account|access|user|service) (?:is |has been )?(?:not (?:yet )?(?:been )?)(?:activated|verified|approved|confirmed|enabled)
        (?:plan|subscription|licen[cs]e|trial|package) .. (?:not|expired|upgrade|required|ended|include)
        (?:access|login|log-?in|sign-?in) (?:is |was |has been )?(?:{denied}|{disabled}|restricted)
        payment|unpaid|overdue
        """,
        LOGIN,
        code="(?!4).*|454|421|435|432",
    ),
    Rule(
        "auth_not_offered",
        r"""
        auth\w*(?: \w+){0,4}? (?:is |was )?not (?:\w+ )?(?:supported|available|advertised|offered|enabled|recogni[sz]ed|implemented|understood|configured|permitted on this port|allowed (?:here|on this))
        auth\w*(?: \w+){0,3}? (?:unsupported|unrecogni[sz]ed|unavailable|unimplemented|disabled)
        not advertised
        (?:unrecogni[sz]ed|unsupported|unknown|invalid|unimplemented|bad) (?:smtp )?(?:auth\w*|sasl)(?: \w+)?
        no (?:\w+ )?(?:suitable|supported|compatible|valid|worthy|common|acceptable|matching|known|available) (?:\w+ )?(?:auth\w*|sasl|mech\w*)
        (?:auth\w*|sasl) .. no (?:\w+ )?(?:mechanism|mechs?)
        mechanism\w*(?: \S+)? (?:is )?(?:not|too|un|inv)\w*(?: \w+)? ?(?:supported|available|recogni[sz]ed|offered|allowed|enabled|weak|alid)?
        (?:not|neither) (?:support|offer|advertise|announce|provide)\w* .. (?:auth\w*|sasl|login|mechanism)
        no (?:sasl|auth\w*) (?:mech\w*|method|support)
        (?:unknown|unrecogni[sz]ed|unimplemented|unsupported|invalid) command
        command .. (?:not|un) ?(?:recogni[sz]ed|implemented|supported|known|available|understood|allowed)
        command (?:unrecogni[sz]ed|unknown|disabled|unavailable)
        """,
        LOGIN,
        code="(?!454).*",
    ),
    Rule(
        "server_busy_or_unavailable",
        r"""
        temporar\w*
        try .. (?:later|again)
        internal (?:\w+ )?(?:error|problem|failure)
        unavailable
        (?:system|server|backend|database|ldap|local|service) .. (?:error|problem|fail\w*|down|busy|unreachable)
        (?:not|un)(?:able)? .. (?:connect|contact|reach) .. (?:server|service|backend|database|directory)
        """,
        LOGIN,
        code="4..",
    ),
    Rule(
        "auth_bad_credentials",
        r"""
        (?:incorrect|invalid|wrong|bad|unknown|expired|revoked|mismatched) (?:\w+ ){0,3}?(?:{login}|password|passwd|pass|api[- ]?key|token)
        (?:{login}|password|passwd|pass|api[- ]?key|token|grant)(?: \w+| or| and|/){0,5} (?:is |are |was |were |has been )?(?:incorrect|invalid|wrong|bad|not (?:accepted|recogni[sz]ed|valid|correct|found|match)|mismatch|revoked|unknown|rejected|not)
        auth\w* (?:\w+ )?(?:fail\w*|unsuccessful|error|rejected|denied|refused|not successful|aborted|invalid|unauthori[sz]ed)
        (?:fail\w*|error|could not|not able|unable|can ?not) .. (?:auth\w*|log ?in|log ?on|sign ?in)
        log ?(?:in|on)(?: \w+){0,2}? (?:fail\w*|error|denied|incorrect|invalid|rejected|unsuccessful)
        bad ?credentials|badcredentials
        credentials
        authentication
        (?:no such|unknown) (?:user|account)
        (?:user|account|mailbox) .. {unknown}
        (?:access|permission) denied
        unauthori[sz]ed
        password
        """,
        LOGIN,
        code="(?!4[^3]|43[^5]).*",
    ),
)
