"""What the command line and the bot say, in the same form as what ``retrieval`` says (``retrieval.messages``)."""

from __future__ import annotations

from retrieval.messages import LANGUAGES, Texts

__all__ = ["LANGUAGES", "notice", "table", "text"]

_TEXTS = Texts(__name__)
table, text, notice = _TEXTS.table, _TEXTS.text, _TEXTS.notice
