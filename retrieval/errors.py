"""The one error tree. Each message says what was wrong, where, and what to do: a Notice, shown in any language."""

from __future__ import annotations


class FundstelleError(Exception):
    """The base of every error that Fundstelle raises on purpose."""


class SettingsError(FundstelleError):
    """A setting has a value that cannot be used."""


class LoadingError(FundstelleError):
    """A file cannot be taken up as an article."""


class WebError(FundstelleError):
    """A web address may not be fetched, or there is nothing to be had from it."""


class UnreachableError(WebError):
    """A web address cannot be fetched now; another time it may."""


class StoreError(FundstelleError):
    """The data directory or the database in it cannot be used."""


class ModelError(FundstelleError):
    """An embedder or reader is missing, damaged, or of the wrong kind."""


class QuestionError(FundstelleError):
    """A question cannot be asked: it is empty or too long."""


class FilterError(FundstelleError):
    """Which articles to look in cannot be understood: a date that is none, or an end before the beginning."""


class EvaluationError(FundstelleError):
    """An evaluation file cannot be read or does not fit the mode."""


class TelegramError(FundstelleError):
    """The bot cannot be started: the token is missing or refused, or the server cannot be reached."""
