"""Answers to standing questions sent by mail, or to a program's address.

What went out by one way is remembered at once, so that a failure of the other does not send it again.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import time
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Final
from urllib.parse import urlsplit

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from bot.errors import WatchError
from bot.messages import text
from bot.render.standing import before_line, standing_json
from bot.render.terminal import to_text
from bot.settings import Settings
from retrieval.answer import Answer
from retrieval.characters import to_json
from retrieval.store.standing_questions import StandingAnswer, StandingQuestions

ATTEMPTS: Final = 4
_TIMEOUT: Final = 20.0
_AGAIN: Final = {408, 425, 429, 500, 502, 503, 504}
_ADDRESS: Final = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")

Found = Sequence[tuple[StandingAnswer, Answer]]


class _Again(Exception):
    """The server failed; the same may go well later."""


def deliver(
    settings: Settings, questions: StandingQuestions, found: Found, *, mail: str | None, webhook: str | None
) -> None:
    """Sends what has not been sent there yet.

    Raises:
        WatchError: an address cannot be used, or the server does not take it; what was sent until then is remembered.
    """
    if mail is not None:
        _check_mail(settings, mail)
    if webhook is not None:
        check_webhook(webhook, settings.language)
        way = f"webhook {webhook}"
        for kept, answer in _unsent(questions, found, way):
            post(webhook, to_json(standing_json(kept, answer)), settings.language)
            questions.mark_sent([kept], way)
    if mail is not None:
        way = f"mail {mail}"
        if unsent := _unsent(questions, found, way):
            send_mail(settings, mail, unsent)
            questions.mark_sent([kept for kept, _ in unsent], way)


def _unsent(questions: StandingQuestions, found: Found, way: str) -> list[tuple[StandingAnswer, Answer]]:
    waiting = {kept.id for kept in questions.undelivered("", without_way=way)}
    return [(kept, answer) for kept, answer in found if kept.id in waiting]


def check_webhook(address: str, language: str) -> None:
    """Raises WatchError if nothing can be posted to an address."""
    try:
        parts = urlsplit(address)
        is_web = parts.scheme in ("http", "https") and bool(httpx.URL(address).host) and parts.port != 0
    except (httpx.InvalidURL, ValueError):
        is_web = False
    if not is_web:
        raise WatchError(text("watch.webhook_address", language, url=address))


def post(address: str, body: str, language: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Posts JSON, up to ``ATTEMPTS`` times if the server fails. Raises WatchError."""
    attempts = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=0.5, max=8),
        retry=retry_if_exception_type(_Again),
        sleep=sleep,
        reraise=True,
    )
    try:
        attempts(_post_once, address, body)
    except (_Again, httpx.HTTPError) as error:
        raise WatchError(text("watch.webhook_failed", language, url=address, error=error)) from error


def _post_once(address: str, body: str) -> None:
    headers = {"Content-Type": "application/json", "User-Agent": "Fundstelle"}
    try:
        answer = httpx.post(address, content=body.encode(), headers=headers, timeout=_TIMEOUT)
    except (httpx.TransportError, ssl.SSLError) as error:
        raise _Again(str(error) or type(error).__name__) from error
    if answer.status_code in _AGAIN:
        raise _Again(f"HTTP {answer.status_code}")
    if not answer.is_success:
        raise httpx.HTTPError(f"HTTP {answer.status_code}")


def _check_mail(settings: Settings, address: str) -> None:
    if not settings.smtp_host:
        raise WatchError(text("watch.no_smtp", settings.language))
    if not _ADDRESS.fullmatch(address):
        raise WatchError(text("watch.mail_address", settings.language, address=address))


def send_mail(settings: Settings, address: str, found: Found) -> None:
    """Sends one mail with all of these answers. Raises WatchError."""
    try:
        with _connected(settings) as server:
            server.send_message(_message(settings, address, found))
    except (OSError, smtplib.SMTPException) as error:
        raise WatchError(text("watch.mail_failed", settings.language, host=settings.smtp_host, error=error)) from error


def _connected(settings: Settings) -> smtplib.SMTP:
    host, port = settings.smtp_host or "", settings.smtp_port
    trusted = ssl.create_default_context()
    if settings.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT, context=trusted)
    else:
        server = smtplib.SMTP(host, port, timeout=_TIMEOUT)
    try:
        if settings.smtp_security == "starttls":
            server.starttls(context=trusted)
        if settings.smtp_user and settings.smtp_password:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server


def _message(settings: Settings, address: str, found: Found) -> EmailMessage:
    language, count = settings.language, len(found)
    message = EmailMessage()
    message["Subject"] = text(f"watch.subject_{'one' if count == 1 else 'many'}", language, count=count)
    message["From"] = settings.smtp_from or settings.smtp_user or address
    message["To"] = address
    message["Message-ID"] = make_msgid("fundstelle", "fundstelle.invalid")
    parts = []
    for kept, answer in found:
        shown = to_text(answer, language, passages=False, marks=("**", "**")).plain
        parts.append("\n".join(part for part in (kept.question.question, shown, before_line(kept, language)) if part))
    message.set_content("\n\n----\n\n".join(parts) + "\n")
    return message
