"""Sendmail receives, submits and relays, procmail delivers; Dovecot has the mailboxes.

Passwords for submission are in a SASL database of Sendmail's own (libsasl2's sasldb), with the same secrets.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailspec.lab.servers import dovecot
from mailspec.lab.servers.driver import CERTIFICATE, DOMAIN, HOSTNAME, KEY, LAN_ADDRESS, Reach, Site
from mailspec.lab.servers.orders import ConfigFile

__all__ = ["SendmailDovecot"]

#: Sendmail relays for every client on 127.0.0.1, so it listens elsewhere.
#: The names DNS may not know are accepted, as the other servers here do; times are compressed.
_MC = f"""\
divert(0)dnl
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(`debian')dnl
DOMAIN(`debian-mta')dnl
define(`confDOMAIN_NAME',`{HOSTNAME}')dnl
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Family=inet, Name=MTA-v4, Port=smtp, Addr={LAN_ADDRESS}, M=A')dnl
DAEMON_OPTIONS(`Family=inet, Name=MSP-v4, Port=submission, M=Ea, Addr={LAN_ADDRESS}')dnl
define(`confDONT_PROBE_INTERFACES',`True')dnl
define(`confTO_IDENT',`0')dnl
define(`confTO_CONNECT',`2s')dnl
define(`confTO_ICONNECT',`2s')dnl
define(`confTO_HOSTSTATUS',`0s')dnl
define(`confMIN_QUEUE_AGE',`0')dnl
define(`confTO_RESOLVER_RETRANS',`1s')dnl
define(`confTO_RESOLVER_RETRY',`2')dnl
define(`confDELIVERY_MODE',`background')dnl
define(`confBAD_RCPT_THROTTLE',`0')dnl
define(`confPRIVACY_FLAGS',`noetrn')dnl
define(`confAUTH_OPTIONS',`A p y')dnl
define(`confAUTH_MECHANISMS',`PLAIN LOGIN')dnl
TRUST_AUTH_MECH(`PLAIN LOGIN')dnl
define(`confCACERT_PATH',`/etc/ssl/certs')dnl
define(`confCACERT',`{CERTIFICATE}')dnl
define(`confSERVER_CERT',`{CERTIFICATE}')dnl
define(`confSERVER_KEY',`{KEY}')dnl
define(`confTLS_SRV_OPTIONS',`V')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
FEATURE(`local_procmail',`/usr/bin/procmail')dnl
FEATURE(`use_cw_file')dnl
FEATURE(`access_db')dnl
MASQUERADE_AS(`{DOMAIN}')dnl
MAILER(`smtp')dnl
MAILER(`procmail')dnl
"""

#: Names and passwords for the SASL database; removed once it is made.
_SECRETS = "/etc/mail/secrets"
_ALIASES = "postmaster: alice\nabuse: alice\nmailer-daemon: alice\n"
#: Nobody relays by address, not even from this host; TLS is not offered to servers of the lab.
_ACCESS = "Try_TLS: NO\n"
#: How libsasl2 verifies passwords.
_SASL = "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\n"


class SendmailDovecot:
    """The driver."""

    name = "sendmail+dovecot"
    packages: Sequence[str] = (
        *("sendmail-bin", "sendmail-base", "sendmail-cf", "m4", "procmail"),
        *("sasl2-bin", "libsasl2-modules", *dovecot.PACKAGES),
    )
    preseed: Sequence[str] = ()
    setup: Sequence[str] = ()
    start: Sequence[str] = (
        *dovecot.START,
        "cd /etc/mail && m4 sendmail.mc > sendmail.cf && makemap hash access < access && newaliases",
        f"while read name secret; do printf %s $secret | saslpasswd2 -p -c -u {HOSTNAME} $name; done < {_SECRETS}",
        f"rm {_SECRETS} && chown root:smmsp /etc/sasldb2 && chmod 640 /etc/sasldb2",
        "install -d -o smmta -g smmsp -m 2755 /run/sendmail /run/sendmail/mta /run/sendmail/msp /var/lib/sendmail/host_status",
        "/usr/sbin/sendmail -bd -q2s",
    )
    services: Sequence[Reach] = (
        Reach("smtp", 25),
        Reach("submission", 587, "starttls"),
        Reach("imap", 143),
        Reach("pop3", 110),
    )
    address = LAN_ADDRESS
    ports: Sequence[int] = (25, 587, *dovecot.PORTS)
    namespace_prefix = ""

    def files(self, site: Site) -> Sequence[ConfigFile]:
        return (
            ConfigFile(path="/etc/mail/sendmail.mc", text=_MC),
            ConfigFile(path="/etc/mail/local-host-names", text=f"{DOMAIN}\n{HOSTNAME}\nlocalhost\n"),
            ConfigFile(path="/etc/mail/access", text=_ACCESS),
            ConfigFile(path="/etc/mail/aliases", text=_ALIASES),
            ConfigFile(path="/etc/mail/sasl/Sendmail.conf.2", text=_SASL),
            ConfigFile(path="/usr/lib/sasl2/Sendmail.conf", text=_SASL),
            ConfigFile(path="/etc/procmailrc", text="DEFAULT=$HOME/Maildir/\n"),
            ConfigFile(
                path=_SECRETS,
                text="".join(f"{account.name} {account.secret}\n" for account in site.accounts),
                mode=0o600,
            ),
            *dovecot.dovecot_files(site, address=self.address),
        )
