"""Follow-up questions: what is missing in one is taken from the turn before it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from retrieval.answering.incomplete import fragment, is_bare, lacks_subject
from retrieval.language.capitals import recased
from retrieval.language.detection import Language, question_language
from retrieval.language.question_phrases import Phrase, asking, content, naming, phrases
from retrieval.language.question_words import Token, Words, tokens, without_lead, words_of

#: An answer that is longer does not stand for its question's subject.
_ANSWER_WORDS = 7
_TOPICS = 5


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation as it was understood, its answer ("" when the articles did not say), and the
    number of the article that the answer is from."""

    question: str
    answer: str = ""
    document_id: int | None = None


def complete(question: str, last: Turn) -> str | None:
    """What ``question`` means after the turn ``last``; None when it stands for itself or repeats the last one.

    A question with a subject and a verb of its own stands for itself, whatever capitals and umlauts it is written with.
    """
    question = " ".join(question.split())
    before = question_language(last.question)
    words = words_of(question_language(question, before))
    asked = recased(question, words)
    if question == last.question:
        return None
    understood = _understood(asked, replace(last, question=recased(last.question, words_of(before))), words, before)
    is_same = understood is None or understood.rstrip(" ?!.") == asked.rstrip(" ?!.")
    return None if is_same else understood


def _understood(question: str, last: Turn, words: Words, before: Language) -> str | None:
    bare = without_lead(question, words)
    found = tokens(bare)
    if not found:
        return None
    other_language = words.language != before
    asked = asking(found, words)
    if asked and is_bare(question, bare, found, asked, words):
        return _with_topic(bare, found, last, words) if other_language else _ask_otherwise(bare, found, last, words)
    if not asked and (pieces := fragment(question, bare, words)):
        return _with_topic(bare, found, last, words) if other_language else _exchange(bare, pieces, last, words)
    # "Was ist mit … verbunden?" is a question of its own.
    whole = tokens(question)
    if len(whole) > len(found) + 1:
        bare, found, asked = question, whole, asking(whole, words)
    is_question = asked or question.rstrip().endswith("?")
    if is_question and lacks_subject(bare, found, asked, f"{last.question} {last.answer}", words):
        return _with_topic(bare, found, last, words)
    return None


def _ask_otherwise(bare: str, found: Sequence[Token], last: Turn, words: Words) -> str:
    """Another question word for that of the last question ("Und wann?"), whose answer takes the old one's place."""
    before = tokens(last.question)
    asked = asking(before, words)
    partitive = next((token for token in found if words.has("whole", token.low)), None)
    if not asked or asked == len(before):
        return _with_topic(bare, found, last, words)
    end = asking(found, words)
    counted = any(words.has("several", token.low) for token in found[: end - 1])
    if counted and not words.has("thing", before[0].low):
        return _with_topic(bare, found, last, words)  # "Wie viele Tiere?" does not ask when something was opened
    new = bare[: found[-1].end]
    rest = last.question[before[asked - 1].end :].strip(" ?!.")
    subject = _subject(before[:asked], last, words)
    if found[0].low == before[0].low or any(content(found[:end], words)):
        subject = ""  # the same is asked of others, or the new question word brings its own noun
    elif subject and partitive is not None:
        # "davon" is one word for "von" and the whole, "of it" is two.
        of = f"{min(words.lists['from'])} " if words.language == "de" else ""
        new = new[: partitive.start] + of + subject + new[partitive.end :]
        subject = ""
    if subject and words.has("counting", found[end - 1].low):
        return f"{new} {subject} {rest}?"
    return f"{new} {_put_in(subject, rest, words, is_subject=words.has('subject', before[0].low))}?"


def _put_in(thing: str, rest: str, words: Words, *, is_subject: bool) -> str:
    """``rest`` of a question with the thing that it had asked for, which ``is_subject`` says for sure or not."""
    if not thing:
        return rest
    verb, _, others = rest.partition(" ")
    following = tokens(others)
    if words.language == "de":
        subject = next((p for p in phrases(others, following, words) if not p.preposition), None)
        if is_subject or subject is None or words.has("object_article", subject.article):
            return f"{verb} {thing} {others}".strip()
        # The thing is the object: before a participle or the like, else at the end.
        last = following[-1]
        return f"{rest} {thing}" if last.capital else f"{verb} {others[: last.start]}{thing} {others[last.start :]}"
    is_object = bool(following) and (words.has("article", following[0].low) or following[0].text[0].isupper())
    is_be = words.has("be", verb.lower())
    if words.has("do", verb.lower()) or (is_be and is_object):
        return f"{rest} {thing}"
    return f"{verb} {thing} {others}" if is_be else f"{thing} {rest}"


def _subject(phrase: Sequence[Token], last: Turn, words: Words) -> str:
    """What the last question asked for: its answer, else the noun beside its question word; "" for a place, a time."""
    if words.is_preposition(phrase[0].low):
        return ""
    if words.has("thing", phrase[0].low) and _stands(last.answer):
        return last.answer
    nouns = list(content(phrase, words))
    return last.question[nouns[0].start : nouns[-1].end] if nouns else ""


def _stands(answer: str) -> bool:
    """Whether the answer is short enough to stand for what was asked."""
    return 0 < len(answer.split()) <= _ANSWER_WORDS


def _exchange(bare: str, pieces: Sequence[Phrase], last: Turn, words: Words) -> str:
    """Each phrase takes the place of one of its kind in the last question, or is added to it."""
    question = last.question
    for piece in pieces:
        text = bare[piece.start : piece.end]
        if piece.preposition or piece.article:
            text = text[0].lower() + text[1:]
        before = tokens(question)
        there = phrases(question, before, words, asking(before, words))
        slot = _slot(piece, there, words)
        if slot is None and piece.kind == "group":
            question = _without_group(question, words)
        if slot is None:
            added = text if piece.preposition or piece.kind == "time" else f"({text})"
            question = f"{question.rstrip(' ?!.')} {added}?"
        else:
            alike = bool(piece.preposition) == bool(slot.preposition) or (piece.preposition and piece.kind == "time")
            start, new = (slot.start, text) if alike else (slot.noun, bare[piece.noun : piece.end])
            question = question[:start] + new + question[slot.end :]
    if any(words.has("possessive", piece.article) for piece in pieces):
        return _with_topic(question, tokens(question), last, words)
    return question


def _without_group(question: str, words: Words) -> str:
    """The question without a group of people that only describes: "adult admission"."""
    described = next((token for token in tokens(question) if words.has("group", token.low)), None)
    return question if described is None else question[: described.start] + question[described.end :].lstrip()


def _slot(piece: Phrase, there: Sequence[Phrase], words: Words) -> Phrase | None:
    """The phrase that ``piece`` replaces: the first that is most like it, None if none is like it."""

    def like(phrase: Phrase) -> int:
        same_kind = phrase.kind == piece.kind
        if piece.kind in {"time", "group", "number"} or phrase.kind in {"time", "number"}:
            return 3 * same_kind
        if piece.preposition:
            if piece.preposition == phrase.preposition:
                return 3
            places = words.has("place", piece.preposition) and words.has("place", phrase.preposition)
            return 2 * places
        if not phrase.preposition:
            return 3 if bool(piece.article) == bool(phrase.article) else 1
        return 0 if piece.article else 2

    best = max(there, key=like, default=None)
    return best if best is not None and like(best) else None


def _with_topic(bare: str, found: Sequence[Token], last: Turn, words: Words) -> str:
    """The question with what was talked of behind it: "Woher kamen sie (Störe, Oder)?"."""
    stem = bare.rstrip(" ?!.")
    place = _place(last)
    there = next((position for position, token in enumerate(found) if words.has("there", token.low)), None)
    if place and there is not None:
        from_there = there > 0 and words.has("from", found[there - 1].low)
        name = last.question[place.noun : place.end] if from_there else last.question[place.start : place.end]
        stem = stem[: found[there].start] + name + stem[found[there].end :]
    said = frozenset(token.low for token in tokens(stem))
    topics = [topic for topic in _topics(last) if not any(token.low in said for token in tokens(topic))]
    return f"{stem} ({', '.join(topics[:_TOPICS])})?" if topics else f"{stem}?"


def _place(last: Turn) -> Phrase | None:
    """The place in the last question."""
    words = words_of(question_language(last.question))
    listed = phrases(last.question, tokens(last.question), words)
    return next((p for p in listed if words.has("place", p.preposition) and p.kind == "other"), None)


def _topics(last: Turn) -> list[str]:
    """What the last turn was about: its answer if that is a name or a thing, and the names in its question."""
    words = words_of(question_language(last.question))
    found = tokens(last.question)
    asked = asking(found, words)
    topics = []
    if asked and words.has("thing", found[0].low) and _stands(last.answer) and not last.answer[0].isdigit():
        topics.append(last.answer)
    listed = phrases(last.question, found, words)
    starts = [token.start for token in found]
    telling = [
        p
        for p in listed
        if p.kind == "other"
        and naming(found[bisect_left(starts, p.start) : bisect_left(starts, p.end)], words, frozenset())
    ]
    for phrase in telling or [p for p in listed if p.kind == "other"] or listed:
        topics.append(last.question[phrase.noun : phrase.end])
    return list(dict.fromkeys(topics))
