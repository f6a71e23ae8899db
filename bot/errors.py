"""The bot's own errors, beside those of ``retrieval.errors``. Each message says what was wrong and what to do."""

from __future__ import annotations

from retrieval.errors import FundstelleError


class SettingsError(FundstelleError):
    """A setting has a value that cannot be used."""


class FilterError(FundstelleError):
    """A filter cannot be understood: a date is none, or the end lies before the beginning."""


class CatalogueError(FundstelleError):
    """A file has no questions, or the table that they are answered in is another one."""


class ShowError(FundstelleError):
    """What is to be marked in an article does not stand there, or the picture or page cannot be written."""


class PictureError(FundstelleError):
    """A quote cannot be drawn: there are no words, or only letters that no font here has."""


class TelegramError(FundstelleError):
    """The bot cannot be started: the token is missing or refused, or the server cannot be reached."""


class AccessError(FundstelleError):
    """Other programs cannot be served: a library is missing, or an address or the token's file cannot be used."""


class BusyError(FundstelleError):
    """Too many questions are waiting; this one is refused."""


class RequestError(FundstelleError):
    """Another program asks in a way that is not understood."""


class NotFoundError(FundstelleError):
    """What another program asks for is not there."""


class WatchError(FundstelleError):
    """There is no such standing question, or an answer to one cannot be sent."""
