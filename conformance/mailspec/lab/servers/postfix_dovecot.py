"""Postfix receives, submits and relays; Dovecot has the mailboxes and the passwords, and takes mail by LMTP."""

from __future__ import annotations

from collections.abc import Sequence

from mailspec.lab.servers import dovecot
from mailspec.lab.servers.driver import CERTIFICATE, DOMAIN, HOSTNAME, KEY, LOOPBACK, Reach, Site
from mailspec.lab.servers.orders import ConfigFile

__all__ = ["PostfixDovecot"]

#: Queue times are compressed, and errors cost no pause; all else is what Debian's packages do by default.
#: The interface is named because every other 127.* address belongs to an MX host of the lab.
_MAIN = f"""\
compatibility_level = 3.6
myhostname = {HOSTNAME}
mydestination = {DOMAIN}, {HOSTNAME}, localhost
myorigin = {DOMAIN}
mynetworks =
inet_interfaces = {LOOPBACK}
inet_protocols = ipv4
alias_maps = inline:{{ postmaster=alice, abuse=alice, mailer-daemon=alice }}
alias_database =
home_mailbox = Maildir/
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_security_options = noanonymous
smtpd_tls_security_level = may
smtpd_tls_cert_file = {CERTIFICATE}
smtpd_tls_key_file = {KEY}
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
smtp_tls_security_level = none
smtp_connect_timeout = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 4s
queue_run_delay = 2s
bounce_queue_lifetime = 1h
maximal_queue_lifetime = 1h
maillog_file =
"""

_SUBMISSION = (
    "587/inet='587 inet n - n - - smtpd"
    " -o syslog_name=postfix/submission"
    " -o smtpd_tls_security_level=encrypt"
    " -o smtpd_sasl_auth_enable=yes"
    " -o smtpd_recipient_restrictions="
    " -o smtpd_relay_restrictions=permit_sasl_authenticated,reject'"
)


class PostfixDovecot:
    """The driver."""

    name = "postfix+dovecot"
    packages: Sequence[str] = ("postfix", *dovecot.PACKAGES, dovecot.LMTP_PACKAGE)
    preseed: Sequence[str] = ("postfix postfix/main_mailer_type select No configuration",)
    setup: Sequence[str] = (
        "[ -f /etc/postfix/master.cf ] || cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf",
        "touch /etc/postfix/main.cf",
        "postconf -F '*/*/chroot=n'",
        f"postconf -M {_SUBMISSION}",
        # The queue's folders are made and verified once; the file tells `postfix start` that this has been done.
        f"postconf mydestination={DOMAIN} && postfix check && touch /var/spool/postfix/quick-start",
    )
    start: Sequence[str] = (*dovecot.START, "postfix start")
    services: Sequence[Reach] = (
        Reach("smtp", 25),
        Reach("submission", 587, "starttls"),
        Reach("lmtp", dovecot.LMTP_PORT),
        Reach("imap", 143),
        Reach("imaps", 993, "implicit"),
        Reach("pop3", 110),
        Reach("pop3s", 995, "implicit"),
    )
    address = LOOPBACK
    ports: Sequence[int] = (25, 587, dovecot.LMTP_PORT, *dovecot.PORTS)
    namespace_prefix = ""

    def files(self, site: Site) -> Sequence[ConfigFile]:
        socket = ("/var/spool/postfix/private/auth", "postfix", "postfix")
        return (
            ConfigFile(path="/etc/postfix/main.cf", text=_MAIN),
            *dovecot.dovecot_files(site, address=self.address, auth=socket, lmtp=True),
        )
