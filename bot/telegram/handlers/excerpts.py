"""What the buttons under an answer show: the quote in its article, and the details of its source."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.messages import text
from bot.render.telegram import TELEGRAM_LIMIT, link, plain
from bot.render.text import cut, cut_around, day, other_hits, width
from bot.render.wording import citation, line, short_citation, title
from bot.telegram.seals import SEAL_PATTERN, Seal
from retrieval.answer import Answer
from retrieval.answering.all_answers import Finding
from retrieval.loading.page_pictures import is_page_of_pdf
from retrieval.store.feedback import nearest
from retrieval.types import Document, Hit

#: The first word of each button's callback data, of which Telegram allows 64 bytes.
MORE, CONTEXT, SOURCE, GOOD, BAD = "more", "context", "source", "good", "bad"
CITE, PICTURE, PAGE = "cite", "picture", "page"
WATCH = "watch"
_PLACE = re.compile(rf"[a-z]+:([0-9]{{1,19}}):([0-9]{{1,8}}):([0-9]{{1,8}}):({SEAL_PATTERN})")
_LARGEST_ID = 2**63 - 1
_LINE_LIMIT = 500
_COPIES = 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where a quote stands, as stored in a button; ``mark`` is a seal of the place and the quote in one chat.

    It shows that the bot has given this answer there, and whether the quote is still there. For an answer without a
    quote: the closest article, and the offsets 0.
    """

    document_id: int
    start: int
    end: int
    mark: str

    @classmethod
    def of(cls, answer: Answer, seal: Seal) -> Place:
        """Where the quote of ``answer`` stands."""
        return cls._sealed(nearest(answer), answer.start or 0, answer.end or 0, answer.quote, seal)

    @classmethod
    def of_passage(cls, hit: Hit, seal: Seal) -> Place:
        """Where a passage stands."""
        passage = hit.passage
        return cls._sealed(hit.document.id, passage.start, passage.end, passage.text, seal)

    @classmethod
    def of_finding(cls, finding: Finding, seal: Seal) -> Place:
        """Where the quote stands that is shown of one of all answers."""
        first = finding.first
        return cls._sealed(first.document.id, first.start, first.end, first.text, seal)

    @classmethod
    def _sealed(cls, document_id: int, start: int, end: int, quote: str, seal: Seal) -> Place:
        return cls(document_id, start, end, seal(document_id, start, end, quote))

    @classmethod
    def read(cls, data: str) -> Place | None:
        """Reads what ``data`` wrote; None for anything else."""
        found = _PLACE.fullmatch(data)
        if found is None or int(found[1]) > _LARGEST_ID:
            return None
        return cls(int(found[1]), int(found[2]), int(found[3]), found[4])

    def data(self, button: str) -> str:
        """The callback data of a button."""
        return f"{button}:{self.document_id}:{self.start}:{self.end}:{self.mark}"

    def quote(self, document: Document | None, seal: Seal) -> str | None:
        """The quote, empty for an answer without one.

        None if the article is gone or has changed there, or if the bot has not given this answer in the seal's chat.
        """
        quote = document.text[self.start : self.end] if document else ""
        expected = seal(self.document_id, self.start, self.end, quote)
        return quote if hmac.compare_digest(expected, self.mark) else None


def buttons(answer: Answer, language: str, seal: Seal, *, private: bool = False) -> InlineKeyboardMarkup | None:
    """The buttons under an answer: feedback, and a closer look; none under small talk.

    In a ``private`` chat, a question that the articles do not answer can be kept.
    """
    if answer.small_talk is not None:
        return None
    place = Place.of(answer, seal)
    looks = [(MORE, MORE)] if other_hits(answer) else []
    if answer.text is not None:
        looks += [(name, place.data(name)) for name in (CONTEXT, SOURCE)]
    uses = [(CITE, place.data(CITE))] if answer.text is not None else []
    if answer.quote and answer.document is not None and is_page_of_pdf(answer.document, place.start):
        uses.append((PAGE, place.data(PAGE)))
    if private and answer.is_missed:
        uses.append((WATCH, f"{WATCH}:{seal(WATCH)}"))
    rows = [
        [InlineKeyboardButton(sign, callback_data=place.data(name)) for sign, name in (("👍", GOOD), ("👎", BAD))],
        *(
            [InlineKeyboardButton(text(f"telegram.{name}", language), callback_data=data) for name, data in row]
            for row in (looks, uses)
        ),
    ]
    return InlineKeyboardMarkup([row for row in rows if row])


def context_html(document: Document, place: Place, language: str) -> str:
    """The article with the quote in bold, or as much of it around the quote as fits a message."""
    source = cut(citation(document, language, place.start), _LINE_LIMIT)
    # An article may be megabytes long: no more of it is used than could be shown.
    before = document.text[max(0, place.start - TELEGRAM_LIMIT) : place.start]
    after = document.text[place.end : place.end + TELEGRAM_LIMIT]
    quote = document.text[place.start : place.end]
    before, quote, after = cut_around(before, quote, after, TELEGRAM_LIMIT - width(source) - 2)
    return f"{plain(before)}<b>{plain(quote)}</b>{plain(after)}\n\n<i>{plain(source)}</i>"


def source_html(document: Document, place: Place, copies: tuple[Document, ...], language: str) -> str:
    """Title, source, date, page and address of the article, a line each, and where else it stands."""
    here = document.landmark_at(place.start)
    page = (str(here.page) if here.page else "") + (f", {text('chat.ocr', language)}" if here.ocr else "")
    known = {
        "chat.source": line(document.source),
        "telegram.source_author": line(document.author),
        "telegram.source_date": day(document.published, language),
        "telegram.source_page": page,
        "telegram.source_link": line(document.url),
    }
    lines = [f"<b>{plain(cut(title(document, language), _LINE_LIMIT))}</b>"]
    lines += [plain(cut(text(key, language, source=value), _LINE_LIMIT)) for key, value in known.items() if value]
    if copies:
        names = [link(plain(cut(short_citation(copy, language), 80)), copy.url) for copy in copies[:_COPIES]]
        names += ["…"] if len(copies) > _COPIES else []
        lines.append(text("chat.also_in", language, articles=", ".join(names)))
    return "\n".join(lines)
