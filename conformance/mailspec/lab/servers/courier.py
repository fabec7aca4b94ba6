"""Courier for everything: its MTA receives, submits and relays; its IMAP and POP3 servers have the mailboxes."""

from __future__ import annotations

from collections.abc import Sequence

from mailspec.lab.servers.driver import CERTIFICATE, DOMAIN, HOSTNAME, KEY, LOOPBACK, Reach, Site
from mailspec.lab.servers.orders import ConfigFile

__all__ = ["Courier"]

#: Certificate and key in one file, as couriertls wants them.
_PEM = "/etc/courier/server.pem"
#: Names, numbers and passwords of the accounts; removed once the database is made from it.
_SECRETS = "/etc/courier/secrets"

#: Limits that would hinder a run of many connections from one address, and lookups that no lab answers.
_ESMTPD = {
    "BOFHCHECKDNS": "0",
    "TARPIT": "0",
    "MAXPERIP": "100",
    "MAXPERC": "100",
    "MAXDAEMONS": "100",
    "ULIMIT": "1048576",
    "ADDRESS": LOOPBACK,
    "TLS_CERTFILE": _PEM,
}
_IMAP = {"MAXPERIP": "200", "MAXDAEMONS": "200", "ADDRESS": LOOPBACK}
_TLS = {"TLS_CERTFILE": _PEM, "SSLADDRESS": LOOPBACK, "TLS_TRUSTCERTS": "/etc/ssl/certs"}
_FILES = {
    "locals": f"localhost\n{DOMAIN}\n{HOSTNAME}\n",
    "me": f"{HOSTNAME}\n",
    "defaultdomain": f"{DOMAIN}\n",
    "dsnfrom": f"<postmaster@{DOMAIN}>\n",
    "esmtpacceptmailfor.dir/default": f"{DOMAIN}\n",
    "smtpaccess/default": "127\tallow\n",
    "aliases/system": "postmaster: alice\nabuse: alice\nmailer-daemon: alice\n",
    # Compressed times for retries.
    "retryalpha": "2\n",
    "retrybeta": "2\n",
    "retrygamma": "2\n",
    "retrymaxdelta": "1\n",
    "queuetime": "1h\n",
    "esmtptimeoutconnect": "2s\n",
    "esmtpdelay": "2s\n",
}

_DATABASE = (
    "umask 077; while read name number secret; do printf "
    "'%s\\tuid=%s|gid=%s|home=/home/%s|mail=/home/%s/Maildir|shell=/bin/sh|systempw=%s\\n'"
    ' $name $number $number $name $name "$(openssl passwd -1 $secret)"; '
    f"done < {_SECRETS} > /etc/courier/userdb; rm {_SECRETS}; makeuserdb"
)


def _set(file: str, values: dict[str, str]) -> str:
    """Return the command that sets variables in one of Courier's shell-like files.

    A variable is set where it stands, because later lines use earlier ones; where there is none, at the end.
    """
    lines = (
        f"if grep -q '^{name}=' {file}; then sed -i 's|^{name}=.*|{name}=\"{value}\"|' {file};"
        f" else echo '{name}=\"{value}\"' >> {file}; fi"
        for name, value in values.items()
    )
    return f"cd /etc/courier; {'; '.join(lines)}"


class Courier:
    """The driver."""

    name = "courier"
    packages: Sequence[str] = ("courier-mta", "courier-imap", "courier-pop", "courier-authdaemon", "courier-base")
    preseed: Sequence[str] = ()
    setup: Sequence[str] = (
        _set("esmtpd", {**_ESMTPD, "PORT": "25"}),
        "cd /etc/courier; sed -i 's/-noidentlookup/-noidentlookup -nodnslookup/' esmtpd",
        _set("esmtpd-msa", {**_ESMTPD, "PORT": "587", "AUTH_REQUIRED": "1", "ESMTP_TLS_REQUIRED": "1"}),
        _set("esmtpd-msa", {"ESMTPAUTH": "", "ESMTPAUTH_TLS": "PLAIN LOGIN"}),
        _set("courierd", {"ESMTP_USE_STARTTLS": "0", "DEFAULTDELIVERY": "./Maildir"}),
        _set("imapd", _IMAP),
        _set("pop3d", _IMAP),
        _set("imapd-ssl", {**_TLS, "IMAPDSTARTTLS": "YES", "IMAP_TLS_REQUIRED": "0"}),
        _set("pop3d-ssl", {**_TLS, "POP3_STARTTLS": "YES", "POP3_TLS_REQUIRED": "0"}),
        _set("authdaemonrc", {"authmodulelist": "authuserdb", "daemons": "5"}),
    )
    start: Sequence[str] = (
        f"cat {CERTIFICATE} {KEY} > {_PEM} && chown courier:courier {_PEM} && chmod 600 {_PEM}",
        "install -d -o courier -g courier -m 755 /run/courier /run/courier/authdaemon",
        _DATABASE,
        "makesmtpaccess; makesmtpaccess-msa; makeacceptmailfor; makealiases; makehosteddomains",
        "authdaemond start",
        "courierfilter start",
        "courier start",
        "esmtpd start",
        "esmtpd-msa start",
        "imapd start; imapd-ssl start",
        "pop3d start; pop3d-ssl start",
    )
    services: Sequence[Reach] = (
        Reach("smtp", 25),
        Reach("submission", 587, "starttls"),
        Reach("imap", 143),
        Reach("pop3", 110),
    )
    address = LOOPBACK
    ports: Sequence[int] = (25, 587, 143, 110, 993, 995)
    namespace_prefix = "INBOX."

    def files(self, site: Site) -> Sequence[ConfigFile]:
        rows = (f"{account.name} {account.number} {account.secret}\n" for account in site.accounts)
        return (
            *(ConfigFile(path=f"/etc/courier/{name}", text=text) for name, text in _FILES.items()),
            ConfigFile(path=_SECRETS, text="".join(rows), mode=0o600),
        )
