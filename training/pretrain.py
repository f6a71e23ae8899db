"""Stage 4: the aligned encoder reads much German before it answers questions.

Two goals at once, over paragraphs of up to 288 tokens:

* Recurring span selection (Splinter, Ram et al. 2021): of a word, name or number that stands several times in a
  text, all but one occurrence are masked, and each mask points to the start and the end of the one that is left.
* Masked words, also over translated pairs (both languages side by side) and English text with swapped words, so
  that the languages stay together.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

import torch
from torch import nn
from torch.nn import functional

from training.align import english_paragraphs
from training.batches import by_length, pad
from training.beginning import arguments, load
from training.corpora import lines, pairs
from training.examples import sentence_spans
from training.paths import WORK
from training.schedule import TimedSchedule
from training.swapping import WordSwapper

MAX_TOKENS = 288
PASSAGE_CHARS = 1_250
ROUND = 3_000
LONGEST_SPAN = 5  # words
QUESTIONS = 16  # masked spans a text, at most
MASKED_WORDS = 0.15
IGNORED = -100
WORD = re.compile(r"\w+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Masked:
    """Token ids with types, what stood behind masked words (-100 elsewhere), and (mask, start, end) positions."""

    ids: list[int]
    types: list[int]
    words: list[int]
    questions: list[tuple[int, int, int]]


def stop_words() -> frozenset[str]:
    """German and English words that do not tell one thing from another."""
    found: set[str] = set()
    for language in ("de", "en"):
        text = files("retrieval").joinpath(f"data/stop_words_{language}.txt").read_text(encoding="utf-8")
        found |= {word for line in text.splitlines() for word in line.split("#")[0].lower().split()}
    return frozenset(found)


def recurring_spans(text: str, stopped: frozenset[str]) -> list[list[tuple[int, int]]]:
    """Character spans that say the same, longest first; at least two each, none overlapping another."""
    words = [(match.group().lower(), *match.span()) for match in WORD.finditer(text)]
    taken = [False] * len(words)
    clusters = []
    for size in range(LONGEST_SPAN, 0, -1):
        places: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for i in range(len(words) - size + 1):
            key = tuple(word for word, _, _ in words[i : i + size])
            if key[0] not in stopped and key[-1] not in stopped and (len("".join(key)) > 3 or key[0].isdigit()):
                places[key].append(i)
        for found in places.values():
            free: list[int] = []
            for i in found:
                if not any(taken[i : i + size]) and (not free or i >= free[-1] + size):
                    free.append(i)
            if len(free) > 1:
                for i in free:
                    taken[i : i + size] = [True] * size
                clusters.append([(words[i][1], words[i + size - 1][2]) for i in free])
    return clusters


class Masker:
    """Turns texts into what the model has to complete."""

    def __init__(self, tokenizer, rng: random.Random) -> None:
        self._tokenizer = tokenizer
        self._random = rng
        self._stopped = stop_words()

    def text(self, text: str) -> Masked | None:
        """A text with spans to point to and words to guess; None when it is too short for that."""
        encoding = self._tokenizer.backend_tokenizer.encode(text, add_special_tokens=False)
        if len(encoding.ids) < 24:
            return None
        room = MAX_TOKENS - 3
        end = encoding.offsets[room - 1][1] if len(encoding.ids) > room else len(text)
        replaced, pointed = self._questions(text[:end])
        # The first sentence or two take the place that questions have later.
        starts = [start for start, _ in sentence_spans(text[:end])]
        second = starts[self._random.randint(1, 2)] if len(starts) > 3 and self._random.random() < 0.6 else 0
        return self._assembled(encoding, replaced, pointed, second, end)

    def pair(self, first: str, second: str) -> Masked | None:
        """A text and its translation, with words to guess in both."""
        text = f"{first}\n{second}"
        encoding = self._tokenizer.backend_tokenizer.encode(text, add_special_tokens=False)
        if not 6 < len(encoding.ids) <= MAX_TOKENS - 3:
            return None
        return self._assembled(encoding, {}, {}, len(first) + 1, len(text))

    def _questions(self, text: str) -> tuple[dict[int, tuple[int, int]], dict[tuple[int, int], tuple[int, int]]]:
        """Masked spans by each of their characters, and the span that each of them points to."""
        clusters = recurring_spans(text, self._stopped)
        self._random.shuffle(clusters)
        replaced: dict[int, tuple[int, int]] = {}
        pointed: dict[tuple[int, int], tuple[int, int]] = {}
        for cluster in clusters:
            kept = self._random.choice(cluster)
            others = [span for span in cluster if span != kept]
            if len(pointed) + len(others) > QUESTIONS:
                continue
            for span in others:
                pointed[span] = kept
                replaced.update(dict.fromkeys(range(*span), span))
        return replaced, pointed

    def _assembled(self, encoding, replaced, pointed, second: int, end: int) -> Masked:
        tokenizer, mask = self._tokenizer, self._tokenizer.mask_token_id
        ids, types, words = [tokenizer.cls_token_id], [0], [IGNORED]
        masks: dict[tuple[int, int], int] = {}
        left = {position for kept in pointed.values() for position in range(*kept)}  # stays readable
        first_token: dict[int, int] = {}
        last_token: dict[int, int] = {}
        type_ = 0
        guessed = word_before = None
        for token, (a, b), word in zip(encoding.ids, encoding.offsets, encoding.word_ids, strict=True):
            if b > end:
                break
            if type_ == 0 and a >= second:
                ids.append(tokenizer.sep_token_id)
                types.append(0)
                words.append(IGNORED)
                type_ = 1
            span = replaced.get(a)
            if span is not None:
                if span not in masks:
                    masks[span] = len(ids)
                    ids.append(mask)
                    types.append(type_)
                    words.append(IGNORED)
                continue
            first_token.setdefault(a, len(ids))
            last_token[b] = len(ids)
            if word != word_before:
                guessed = a not in left and self._random.random() < MASKED_WORDS
                word_before = word
            ids.append(mask if guessed and self._random.random() < 0.85 else token)
            types.append(type_)
            words.append(token if guessed else IGNORED)
        questions = [
            (masks[span], first_token[kept[0]], last_token[kept[1]])
            for span, kept in pointed.items()
            if span in masks and kept[0] in first_token and kept[1] in last_token
        ]
        ids.append(tokenizer.sep_token_id)
        return Masked(ids, [*types, type_], [*words, IGNORED], questions)


def german_passages(rng: random.Random) -> Iterator[str]:
    """Neighbouring paragraphs up to the length of a passage, encyclopedia and speeches in turn, without end."""
    sources = []
    for name in ("wikipedia_de", "bundestag_reden_de", "klexikon_de"):
        passages, current = [], ""
        for line in lines(name):
            if line and len(current) + len(line) <= PASSAGE_CHARS:
                current = f"{current}\n{line}".strip()
                continue
            if len(current) > 250:
                passages.append(current)
            current = line[:PASSAGE_CHARS]
        sources.append(passages)
        rng.shuffle(passages)
    while True:
        for passages in zip(sources[0], sources[1], strict=False):
            yield from passages
            if rng.random() < 0.05:
                yield rng.choice(sources[2])
        for passages in sources:
            rng.shuffle(passages)


class Heads(nn.Module):
    """What is needed during this stage only: pointing from masks, and guessing words with the encoder's own rows."""

    def __init__(self, width: int, rows: nn.Parameter) -> None:
        super().__init__()
        self.ask = nn.Linear(width, 2 * width)
        self.answer = nn.Linear(width, 2 * width)
        self.transform = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(rows.shape[0]))

    def pointing(self, hidden: torch.Tensor, allowed: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
        """(n, t, d) and mask positions (n, q) -> logits (n, q, 2, t) of start and end."""
        n, count = asked.shape
        masks = hidden.gather(1, asked[..., None].expand(-1, -1, hidden.shape[2]))
        queries = self.ask(masks).view(n, count * 2, -1)
        keys = self.answer(hidden).view(n, hidden.shape[1], 2, -1)
        both = [queries[:, side::2] @ keys[:, :, side].transpose(1, 2) for side in (0, 1)]
        logits = torch.stack(both, 2).float() / hidden.shape[2] ** 0.5
        return logits.masked_fill(~allowed[:, None, None], -1e4)

    def guessing(self, hidden: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """(k, d) -> (k, vocabulary)."""
        return functional.linear(self.transform(hidden), rows, self.bias)


def main() -> None:
    options = arguments(__doc__.splitlines()[0], minutes=30, rate=2.5e-4, base="aligned", output="pretrained")
    rng = random.Random(0)
    tokenizer, model = load(options.base)
    embeddings = model.get_input_embeddings().weight
    heads = Heads(model.config.hidden_size, embeddings)
    body = [p for name, p in model.named_parameters() if "word_embeddings" not in name and "qa_outputs" not in name]
    optimizer = torch.optim.AdamW(
        [
            {"params": [embeddings], "lr": options.rate / 2},
            {"params": body, "lr": options.rate},
            {"params": heads.parameters(), "lr": options.rate * 2},
        ],
        weight_decay=0.01, betas=(0.9, 0.98), fused=True,
    )  # fmt: skip
    parameters = [embeddings, *body, *heads.parameters()]
    german = german_passages(rng)
    english = english_paragraphs()
    translated = [*pairs("tatoeba_de_en"), *pairs("documentation_de_en")]
    swapper = WordSwapper()
    masker = Masker(tokenizer, rng)

    def draw() -> Masked | None:
        kind = rng.random()
        if kind < 0.6:
            return masker.text(next(german))
        if kind < 0.85:
            return masker.text(swapper.swap(rng.choice(english), rng.choice((0.0, 0.5, 0.8, 1.0)))[0])
        pair = rng.choice(translated)
        return masker.pair(*(pair if rng.random() < 0.5 else reversed(pair)))

    schedule = TimedSchedule(optimizer, options.minutes, "pretrain")
    round_ = 0
    while not schedule.over:
        drawn = [item for item in (draw() for _ in range(ROUND)) if item]
        for batch in by_length([len(item.ids) for item in drawn], options.tokens, rng):
            if schedule.over:
                break
            chosen = [drawn[item] for item in batch]
            ids = pad([item.ids for item in chosen])
            types = pad([item.types for item in chosen])
            words = pad([item.words for item in chosen], IGNORED)
            mask = (ids != 0).long()
            asked = pad([[question[0] for question in item.questions] for item in chosen], 0)
            goals = torch.stack(
                [pad([[question[side] for question in item.questions] for item in chosen], IGNORED) for side in (1, 2)],
                2,
            )
            loss = torch.zeros(())
            with torch.autocast("cpu", dtype=torch.bfloat16):
                hidden = model.base_model(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state
                guesses = heads.guessing(hidden[words != IGNORED], embeddings)
                if asked.shape[1]:
                    logits = heads.pointing(hidden, mask.bool(), asked)
                    if (goals != IGNORED).any():
                        loss = loss + functional.cross_entropy(logits.flatten(0, 2), goals.flatten())
            if len(guesses):
                loss = loss + 0.5 * functional.cross_entropy(guesses.float(), words[words != IGNORED])
            schedule.step(loss, parameters, int(mask.sum()))
        round_ += 1
        if round_ % 5 == 0:
            model.save_pretrained(WORK / options.output)
    model.save_pretrained(WORK / options.output)
    tokenizer.save_pretrained(WORK / options.output)


if __name__ == "__main__":
    main()
