"""Stage 5: the aligned encoder, with fewer layers, becomes the embedder.

Questions are drawn to the sentence or passage that answers them and away from the others in the batch
(multiple-negatives ranking, Henderson et al. 2017), among them the neighbouring sentences of the same passage and
other paragraphs of the same article.
Headings with their paragraphs and translated pairs keep the space wide and bilingual.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from training.batches import pad
from training.corpora import Example, pairs
from training.examples import ExampleSource, sentence_spans
from training.paths import WORK
from training.schedule import TimedSchedule

QUESTION_TOKENS = 48
TEXT_TOKENS = 160
TEMPERATURE = 0.05
TOGETHER = 4  # paragraphs of one article in a batch: the hardest to tell apart
GROUP = 32  # texts that are padded to one length


@dataclass(frozen=True, slots=True)
class Pair:
    """A question (or heading), what it should find, and a text beside it that does not answer ("" if none)."""

    question: str
    text: str
    negative: str = ""


def from_example(example: Example, rng: random.Random) -> Pair | None:
    """The sentence that holds the answer or the sentences around it, and another sentence of the same text."""
    if not example.answers:
        return None
    start, end = rng.choice(example.answers)
    parts = sentence_spans(example.context)
    holding = [i for i, (a, b) in enumerate(parts) if a < end and start < b]
    if not holding:
        return None
    others = [i for i in range(len(parts)) if i not in holding]
    negative = "" if not others else example.context[slice(*parts[rng.choice(others)])].strip()
    if rng.random() < 0.6:
        first, last = holding[0], holding[-1]
    else:
        first, last = max(0, holding[0] - rng.randint(0, 3)), min(len(parts) - 1, holding[-1] + rng.randint(0, 3))
    return Pair(example.question, example.context[parts[first][0] : parts[last][1]].strip(), negative)


def draws(rng: random.Random) -> Iterator[Pair]:
    """Training pairs without end."""
    source = ExampleSource(seed=1)
    sections: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for heading, text in pairs("wikipedia_heading_paragraph_de"):
        sections[heading.split(" – ")[0]].append((heading.replace(" – ", " "), text))
    titles = list(sections)
    leads = list(pairs("klexikon_lead_pairs_de"))
    translated = list(pairs("tatoeba_de_en")) + list(pairs("documentation_de_en"))
    while True:
        found = source.draw(600, easy=0.15, written=0.75)
        groups = [[pair] for pair in (from_example(example, rng) for example in found) if pair]
        for _ in range(100):
            neighbours = (from_example(example, rng) for example in source.draw_neighbours(TOGETHER))
            groups.append([pair for pair in neighbours if pair])
        for title in rng.sample(titles, 60):
            chosen = rng.sample(sections[title], min(TOGETHER, len(sections[title])))
            groups.append([Pair(heading, text) for heading, text in chosen])
        for german, english in rng.sample(translated, 120):
            groups.append([Pair(german, english) if rng.random() < 0.5 else Pair(english, german)])
        groups += [[Pair(title, lead)] for title, lead in rng.sample(leads, 20)]
        rng.shuffle(groups)
        for group in groups:
            yield from group


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--pairs", type=int, default=128, help="pairs a batch")
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--base", default="aligned")
    parser.add_argument("--layers", type=int, nargs="+", default=[0, 1, 2, 3], help="layers that are kept")
    parser.add_argument("--output", default="embedder")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    rng = random.Random(0)
    tokenizer = AutoTokenizer.from_pretrained(WORK / arguments.base)
    model = AutoModel.from_pretrained(
        WORK / arguments.base, attn_implementation="eager", add_pooling_layer=False, dtype=torch.float32
    ).eval()  # without dropout, as in reading
    model.encoder.layer = torch.nn.ModuleList(model.encoder.layer[layer] for layer in arguments.layers)
    model.config.num_hidden_layers = len(arguments.layers)
    embeddings = list(model.get_input_embeddings().parameters())
    body = [parameter for name, parameter in model.named_parameters() if "word_embeddings" not in name]
    optimizer = torch.optim.AdamW(
        [{"params": embeddings, "lr": arguments.rate / 2}, {"params": body, "lr": arguments.rate}],
        weight_decay=0.01, fused=True,
    )  # fmt: skip
    backend = tokenizer.backend_tokenizer
    backend.no_padding()

    def tokens(texts: list[str], limit: int) -> list[list[int]]:
        backend.enable_truncation(limit)
        return [encoding.ids for encoding in backend.encode_batch(texts)]

    def encode(rows: list[list[int]]) -> torch.Tensor:
        """Unit vectors of tokenised texts, in order."""
        # All rows of the embeddings that are needed at once: each look-up would cost a dense gradient of all of them.
        used, places = np.unique(np.concatenate([[0], *rows]), return_inverse=True)
        looked_up = functional.embedding(torch.from_numpy(used), embeddings[0])
        placed = np.split(places[1:], np.cumsum([len(row) for row in rows])[:-1])
        # Similar lengths together: half of the work would be padding otherwise.
        order = sorted(range(len(rows)), key=lambda item: len(rows[item]))
        groups = [order[start : start + GROUP] for start in range(0, len(order), GROUP)]
        vectors = torch.cat([encode_group([placed[item] for item in group], looked_up) for group in groups])
        return vectors[torch.tensor(order).argsort()]

    def encode_group(rows: list[np.ndarray], looked_up: torch.Tensor) -> torch.Tensor:
        places = pad(rows)
        mask = (torch.arange(places.shape[1])[None] < torch.tensor([len(row) for row in rows])[:, None]).long()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = model(inputs_embeds=functional.embedding(places, looked_up), attention_mask=mask).last_hidden_state
        weight = mask[..., None].float()
        return functional.normalize((hidden.float() * weight).sum(1) / weight.sum(1), dim=-1)

    schedule = TimedSchedule(optimizer, arguments.minutes, "embed")
    stream = draws(rng)
    steps = 0
    while not schedule.over:
        batch = [next(stream) for _ in range(arguments.pairs)]
        texts = [pair.text for pair in batch]
        negatives = [pair.negative for pair in batch if pair.negative]
        asked_rows = tokens([pair.question for pair in batch], QUESTION_TOKENS)
        rows = asked_rows + tokens(texts + negatives, TEXT_TOKENS)
        vectors = encode(rows)
        asked, held = vectors[: len(batch)], vectors[len(batch) :]
        scores = asked @ held.T / TEMPERATURE
        # The same text twice in a batch is not a negative of itself.
        same = torch.tensor([[a == b for b in texts + negatives] for a in texts])
        same.fill_diagonal_(False)
        goal = torch.arange(len(batch))
        loss = functional.cross_entropy(scores.masked_fill(same, -1e4), goal)
        back = scores[:, : len(batch)].masked_fill(same[:, : len(batch)], -1e4)
        loss = loss + 0.3 * functional.cross_entropy(back.T, goal)
        schedule.step(loss, model.parameters(), sum(map(len, rows)))
        steps += 1
        if steps % 100 == 0:
            model.save_pretrained(WORK / arguments.output)
    model.save_pretrained(WORK / arguments.output)
    backend.no_truncation()
    tokenizer.save_pretrained(WORK / arguments.output)


if __name__ == "__main__":
    main()
