"""The one error tree. Each message says what was wrong, where, and what to do: a Notice, shown in any language."""

from __future__ import annotations


class FundstelleError(Exception):
    """The base of every error that Fundstelle raises on purpose."""


class LoadingError(FundstelleError):
    """A file cannot be added as an article."""


class WebError(FundstelleError):
    """A web address may not be fetched, or there is nothing to be had from it."""


class UnreachableError(WebError):
    """A web address cannot be fetched now; another time it may."""


class StoreError(FundstelleError):
    """The data directory or the database in it cannot be used."""


class ModelError(FundstelleError):
    """An embedder or reader is missing, damaged, or of the wrong kind, or its device is missing."""


class QuestionError(FundstelleError):
    """A question cannot be asked: it is empty or too long."""


class EvaluationError(FundstelleError):
    """An evaluation file cannot be read or does not fit the mode."""
