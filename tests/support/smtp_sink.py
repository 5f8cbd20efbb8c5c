#!/usr/bin/python3
"""A real SMTP server for the tests: takes mail into a Maildir, fails on request.

Prints "PORT n" once it listens on 127.0.0.1 and ends when its standard input does. Needs python3-aiosmtpd.

The local part of the recipient (of the sender for reject-mail) asks for a fault; what follows a "+" is ignored:
  tempfail-rcpt    450 4.2.1 at RCPT        tempfail-data    451 4.3.0 after the mail
  once-rcpt        450 4.2.1 at RCPT, once for each address, then taken
  reject-rcpt      550 5.1.1 at RCPT        reject-data      554 5.6.0 after the mail
  relay-rcpt       554 5.7.1 at RCPT        reject-mail      550 5.7.1 at MAIL (sender)
  drop-at-rcpt     the connection ends at RCPT
  drop-after-dot   the mail is kept, the connection ends without a reply
  lose-after-dot   the mail is not kept, the connection ends without a reply
  slow-data        the reply after the mail comes after two seconds
"""

import argparse
import asyncio
import logging
import os
import ssl
import sys
import warnings

try:
    from aiosmtpd.smtp import SMTP, AuthResult
except ImportError:
    sys.exit(3)


def wish(address):
    """The fault that an address asks for."""
    return (address or "").split("@")[0].split("+")[0].lower()


class Sink:
    """Handler of one server: keeps mails in the order of their arrival."""

    def __init__(self, maildir):
        self.maildir = maildir
        self.count = 0
        self.seen = set()
        for part in ("tmp", "new", "cur"):
            os.makedirs(os.path.join(maildir, part), exist_ok=True)

    async def handle_MAIL(self, server, session, envelope, address, options):
        if wish(address) == "reject-mail":
            return "550 5.7.1 sender refused"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        fault = wish(address)
        if fault == "once-rcpt" and address not in self.seen:
            self.seen.add(address)
            fault = "tempfail-rcpt"
        if fault == "tempfail-rcpt":
            return "450 4.2.1 try again later"
        if fault == "reject-rcpt":
            return f"550 5.1.1 <{address}>: no such user"
        if fault == "relay-rcpt":
            return f"554 5.7.1 <{address}>: relay access denied"
        if fault == "drop-at-rcpt":
            return self.drop(server)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        fault = wish(envelope.rcpt_tos[0])
        if fault == "tempfail-data":
            return "451 4.3.0 try again later"
        if fault == "reject-data":
            return "554 5.6.0 content refused"
        if fault == "lose-after-dot":
            return self.drop(server)
        self.keep(session, envelope)
        if fault == "drop-after-dot":
            return self.drop(server)
        if fault == "slow-data":
            await asyncio.sleep(2)
        return "250 2.0.0 kept"

    def keep(self, session, envelope):
        self.count += 1
        name = f"{self.count:08d}.sink"
        login = getattr(session.auth_data, "login", b"").decode("utf-8", "replace")
        head = [f"Return-Path: <{envelope.mail_from}>"]
        head += [f"Delivered-To: {address}" for address in envelope.rcpt_tos]
        head += [f"X-Sink-Tls: {'yes' if session.ssl else 'no'}", f"X-Sink-Login: {login}"]
        draft = os.path.join(self.maildir, "tmp", name)
        with open(draft, "wb") as file:
            file.write(("\r\n".join(head) + "\r\n").encode("utf-8") + envelope.original_content)
        os.rename(draft, os.path.join(self.maildir, "new", name))

    @staticmethod
    def drop(server):
        """Ends the connection at once; the reply that is returned goes nowhere."""
        server.transport.abort()
        return "421 4.3.0 gone"


class ImplicitTls(SMTP):
    """aiosmtpd asks for STARTTLS before AUTH; a connection that began encrypted needs none."""

    def connection_made(self, transport):
        super().connection_made(transport)
        if self.session is not None and transport.get_extra_info("ssl_object") is not None:
            self.session.ssl = {"implicit": True}


def authenticator(expected):
    user, password = (part.encode() for part in expected.split(":", 1))

    def check(server, session, envelope, mechanism, data):
        right = data.login == user and data.password == password
        return AuthResult(success=right, handled=False, auth_data=data)

    return check


async def main():
    options = argparse.ArgumentParser()
    options.add_argument("--maildir", required=True)
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--starttls", nargs=2, metavar=("CERT", "KEY"))
    options.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    options.add_argument("--auth", metavar="USER:PASSWORD")
    options.add_argument("--auth-mechanism", choices=("PLAIN", "LOGIN"))
    options.add_argument("--no-utf8", action="store_true")
    given = options.parse_args()

    def context(files):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(*files)
        return made

    sink = Sink(given.maildir)
    extra = {}
    if given.auth:
        extra = {"authenticator": authenticator(given.auth), "auth_required": True}
        # With implicit TLS, and without any, aiosmtpd would wait for a STARTTLS that does not come.
        extra["auth_require_tls"] = bool(given.starttls)
        if given.auth_mechanism:
            extra["auth_exclude_mechanism"] = {"PLAIN", "LOGIN"} - {given.auth_mechanism}
    loop = asyncio.get_running_loop()

    def connection():
        return ImplicitTls(
            sink,
            hostname="sink.example",
            enable_SMTPUTF8=not given.no_utf8,
            tls_context=context(given.starttls) if given.starttls else None,
            require_starttls=bool(given.starttls),
            timeout=60,
            loop=loop,
            **extra,
        )

    server = await loop.create_server(
        connection, "127.0.0.1", given.port, ssl=context(given.tls) if given.tls else None
    )
    print(f"PORT {server.sockets[0].getsockname()[1]}", flush=True)
    # The parent holds the other end: when it goes, however it goes, so do we.
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    os._exit(0)


if __name__ == "__main__":
    # It warns of its own old interfaces with every mail; what goes wrong still shows.
    warnings.simplefilter("ignore")
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    asyncio.run(main())
