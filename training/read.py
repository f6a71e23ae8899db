"""Stage 5: the foundation becomes a reader.

English QA sets, plain and with swapped words, the written German questions, and texts without an answer. In the first
part of the time more than half of it are questions that German text asks of itself.
"""

from __future__ import annotations

import random

import torch
from torch.nn import functional

from training import processes
from training.batches import by_length, pad
from training.beginning import arguments, load
from training.corpora import Example
from training.examples import ExampleSource
from training.paths import WORK
from training.precision import HalfCopy
from training.schedule import TimedSchedule

MAX_TOKENS = 320
ROUND = 4_000
# Instead of dropout, which is slow here: words of the text that are hidden now and then, but none of the answer.
HIDDEN_TOKENS = 0.08
#: Of the kinds of examples (``ExampleSource.draw``) in the first part of a run, and then.
FIRST_SHARES = {"easy": 0.1, "written": 0.15, "found": 0.1, "cloze": 0.55}
SHARES = {"easy": 0.06, "written": 0.44, "found": 0.26, "cloze": 0.0}
HEAD_RATE = 5  # times the rate of the layers below it


def encode(tokenizer, example: Example, rng: random.Random) -> tuple[list[int], list[int], int, int] | None:
    """(token ids, token types, start token, end token); 0, 0 when the window does not answer the question."""
    backend = tokenizer.backend_tokenizer
    question = backend.encode(example.question, add_special_tokens=False).ids[:48]
    context = backend.encode(example.context, add_special_tokens=False)
    room = MAX_TOKENS - len(question) - 3
    first, last = 0, min(len(context.ids), room)
    start = end = -1
    if example.answers:
        a, b = rng.choice(example.answers)
        tokens = [i for i, (x, y) in enumerate(context.offsets) if x < b and a < y]
        if not tokens:
            return None
        start, end = tokens[0], tokens[-1]
    if len(context.ids) > room:
        lowest = max(0, end - room + 1) if start >= 0 and rng.random() < 0.85 else 0
        highest = min(len(context.ids) - room, start) if start >= 0 else len(context.ids) - room
        first = rng.randint(min(lowest, highest), max(lowest, highest))
        last = first + room
    ids = [tokenizer.cls_token_id, *question, tokenizer.sep_token_id]
    shift = len(ids) - first
    ids += [*context.ids[first:last], tokenizer.sep_token_id]
    types = [0] * (len(question) + 2) + [1] * (len(ids) - len(question) - 2)
    answered = first <= start and end < last
    if rng.random() < 0.5:
        for token in range(len(question) + 2, len(ids) - 1):
            told = answered and start + shift <= token <= end + shift
            if not told and rng.random() < HIDDEN_TOKENS:
                ids[token] = tokenizer.mask_token_id
    if not answered:
        return ids, types, 0, 0
    return ids, types, start + shift, end + shift


def main() -> None:
    options = arguments(__doc__.splitlines()[0], minutes=110, rate=1.2e-4, base="foundation", output="reader")
    rank = processes.join()
    seed = options.seed + rank
    rng = random.Random(seed)
    tokenizer, model = load(options.base, options.without)
    embeddings = list(model.get_input_embeddings().parameters())
    head = list(model.qa_outputs.parameters())
    body = [p for name, p in model.named_parameters() if "word_embeddings" not in name and "qa_outputs" not in name]
    # The rows move slowly: words that no question holds must stay in line with those that some do.
    optimizer = torch.optim.AdamW(
        [
            {"params": embeddings, "lr": options.rate / 10},
            {"params": body, "lr": options.rate},
            {"params": head, "lr": options.rate * HEAD_RATE},  # begins at nothing
        ],
        weight_decay=0.01, fused=True,
    )  # fmt: skip
    source = ExampleSource(seed)
    found = sum(map(len, source.found.values()))
    print(f"{len(source.easy)} easy, {len(source.hard)} hard, {len(source.written)} written, {found} found", flush=True)
    half = HalfCopy(model)
    schedule = TimedSchedule(optimizer, options.minutes, "read", half=half)
    round_ = 0
    while not schedule.over:
        shares = FIRST_SHARES if schedule.share < options.cloze_first else SHARES
        examples = source.draw(ROUND, **shares)
        encoded = [item for item in (encode(tokenizer, example, rng) for example in examples) if item]
        for batch in by_length([len(item[0]) for item in encoded], options.tokens, rng):
            if schedule.over:
                break
            ids = pad([encoded[item][0] for item in batch], tokenizer.pad_token_id)
            types = pad([encoded[item][1] for item in batch])
            starts = torch.tensor([encoded[item][2] for item in batch])
            ends = torch.tensor([encoded[item][3] for item in batch])
            mask = (ids != tokenizer.pad_token_id).long()
            out = half.model(input_ids=ids, attention_mask=mask, token_type_ids=types)
            allowed = mask.bool() & (types == 1)
            allowed[:, 0] = True
            start_logits = out.start_logits.float().masked_fill(~allowed, -1e4)
            end_logits = out.end_logits.float().masked_fill(~allowed, -1e4)
            loss = functional.cross_entropy(start_logits, starts) + functional.cross_entropy(end_logits, ends)
            schedule.step(loss / 2, int(mask.sum()))
        round_ += 1
        if round_ % 5 == 0 and not rank:
            model.save_pretrained(WORK / options.output)
    if not rank:
        model.save_pretrained(WORK / options.output)
        tokenizer.save_pretrained(WORK / options.output)


if __name__ == "__main__":
    main()
