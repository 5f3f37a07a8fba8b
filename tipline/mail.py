"""Alerts by e-mail, beside the text messages: one letter that says that something waits, and nothing else."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage

from tipline.outbox import MAIL, Sender, SendFailed, Sent, Text

CARRIER = "mail"
_PATIENCE = 20  # seconds
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class Smtp:
    """A mail server; without a host no letter leaves. ``tls`` from the first byte, else by STARTTLS."""

    host: str = ""
    port: int = 0
    tls: bool = False
    username: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""


class MailSender:
    """Sends letters itself and hands everything else to the carriers."""

    def __init__(self, carriers: Sender, smtp: Smtp, words: Callable[[str], str]) -> None:
        """Take who sends texts, the mail server, and what an alert says in a language."""
        self._carriers = carriers
        self._smtp = smtp
        self._words = words

    def send(self, message: Text) -> Sent:
        """Send, with no transaction open; raises SendFailed. The text of a letter is the language that it is in."""
        if message.kind != MAIL:
            return self._carriers.send(message)
        try:
            self._post(message.number, self._words(message.text))
        except smtplib.SMTPRecipientsRefused:
            raise SendFailed("bad_address", final=True, carrier=CARRIER) from None
        except smtplib.SMTPAuthenticationError:
            raise SendFailed("not_authorised", carrier=CARRIER) from None
        except smtplib.SMTPException:
            raise SendFailed("refused", carrier=CARRIER) from None
        except (OSError, ValueError):  # a letter that comes twice does no harm: nothing is unsure
            raise SendFailed("unreachable", carrier=CARRIER) from None
        return Sent(CARRIER)

    def _post(self, to: str, said: str) -> None:
        smtp = self._smtp
        if not smtp.host:
            raise SendFailed("no_carrier", carrier=CARRIER)
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = smtp.sender, to, said
        letter.set_content(said + "\n")
        trust = ssl.create_default_context()
        with (
            smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=_PATIENCE, context=trust)
            if smtp.tls
            else smtplib.SMTP(smtp.host, smtp.port, timeout=_PATIENCE)
        ) as server:
            if not smtp.tls and smtp.host not in _LOOPBACK:
                server.starttls(context=trust)  # SMTPNotSupportedError where it is not offered: nothing goes in clear
            if smtp.username:
                server.login(smtp.username, smtp.password)
            server.send_message(letter)
