"""What errors say, whatever the language: the key of their text and what is filled in."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from retrieval.errors import FundstelleError
from retrieval.messages import Notice


def said(caught: pytest.ExceptionInfo[FundstelleError]) -> tuple[str, Mapping[str, object]]:
    """The key and the values of the Notice that an error was raised with."""
    notice = str(caught.value)
    assert isinstance(notice, Notice)
    return notice.key, notice.values
