"""Stage 3: the German side learns the teacher's vectors.

Two kinds of text, both with the teacher's view of the English original as the goal:

* Translated pairs: the mean vector of the German text equals that of the English one, and every German word that
  finds its English counterpart (each the other's nearest, as in SimAlign, Jalili Sabet et al. 2020) takes over its
  vector.
* English paragraphs whose words are swapped for German ones at several rates: every word, swapped or not, keeps
  the vector that it had, in several layers. This is the long-context, token-level part.
"""

from __future__ import annotations

import argparse
import random

import numpy as np
import torch
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from training.batches import by_length, pad
from training.corpora import pairs, questions
from training.paths import WORK, teacher_folder
from training.schedule import TimedSchedule
from training.swapping import WordSwapper

LAYERS = (2, 4, 6)
RATES = (0.0, 0.5, 0.85, 0.85, 1.0)
MAX_TOKENS = 192


class Encoded:
    """Token ids of texts with the word each token belongs to (-1 for special tokens)."""

    def __init__(self, tokenizer, texts: list[str]) -> None:
        self.ids: list[np.ndarray] = []
        self.words: list[np.ndarray] = []
        backend = tokenizer.backend_tokenizer
        backend.no_padding()
        backend.enable_truncation(MAX_TOKENS)
        for encoding in backend.encode_batch(texts):
            self.ids.append(np.array(encoding.ids, np.int32))
            self.words.append(np.array([-1 if word is None else word for word in encoding.word_ids], np.int32))


def word_means(hidden: torch.Tensor, words: torch.Tensor, count: int) -> torch.Tensor:
    """(n, tokens, d) and the word of each token -> (n, count, d): the mean of each word's tokens."""
    out = hidden.new_zeros(hidden.shape[0], count + 1, hidden.shape[2], dtype=torch.float32)
    index = torch.where((words < 0) | (words >= count), count, words)
    out.scatter_add_(1, index[..., None].expand_as(hidden), hidden.float())
    sizes = torch.zeros(out.shape[:2]).scatter_add_(1, index, torch.ones_like(index, dtype=torch.float32))
    return (out / sizes.clamp(min=1)[..., None])[:, :count]


def sentence_means(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    weight = mask[..., None].float()
    return (hidden.float() * weight).sum(1) / weight.sum(1)


def present(words: torch.Tensor, count: int) -> torch.Tensor:
    """(n, count) booleans: the words that a text has."""
    return torch.arange(count)[None] <= words.max(dim=1).values[:, None]


def centred(vectors: torch.Tensor, has: torch.Tensor) -> torch.Tensor:
    """Unit vectors of the words, without what all words of a sentence have in common."""
    mean = (vectors * has[..., None]).sum(1, keepdim=True) / has.sum(1).clamp(min=1)[:, None, None]
    return functional.normalize(vectors - mean, dim=-1)


class Aligner:
    """The student, the teacher, and what the one has to learn from the other."""

    def __init__(self) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(WORK / "base")
        self.student = AutoModel.from_pretrained(WORK / "base", attn_implementation="eager")
        self.teacher_tokenizer = AutoTokenizer.from_pretrained(teacher_folder())
        self.teacher = AutoModel.from_pretrained(teacher_folder(), attn_implementation="eager").eval()
        self.teacher.requires_grad_(False)
        with torch.no_grad():
            sample = self._run(
                self.teacher, pad(Encoded(self.teacher_tokenizer, ["This is a sample of plain text."]).ids)
            )
            self.scale = {layer: sample[0][layer][:, 1:-1].float().var().item() for layer in LAYERS}

    def _run(self, model, ids: torch.Tensor) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
        mask = (ids != 0).long()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        return out.hidden_states, mask

    def encoded(self, german: list[str], english: list[str]) -> tuple[Encoded, Encoded]:
        """The student's and the teacher's token ids."""
        return Encoded(self.tokenizer, german), Encoded(self.teacher_tokenizer, english)

    def both(self, german: Encoded, english: Encoded, batch: list[int]) -> tuple:
        """Hidden states of the student's and the teacher's text of a batch, with masks and word numbers."""
        ids = pad([german.ids[item] for item in batch])
        student, student_mask = self._run(self.student, ids)
        with torch.no_grad():
            teacher_ids = pad([english.ids[item] for item in batch])
            teacher, teacher_mask = self._run(self.teacher, teacher_ids)
        student_words = pad([german.words[item] for item in batch], -1)
        teacher_words = pad([english.words[item] for item in batch], -1)
        return student, student_mask, student_words, teacher, teacher_mask, teacher_words

    def pooled_loss(self, student, student_mask, teacher, teacher_mask) -> torch.Tensor:
        mine, goal = sentence_means(student[-1], student_mask), sentence_means(teacher[-1], teacher_mask)
        return (1 - functional.cosine_similarity(mine, goal)).mean() + (mine - goal).square().mean() / self.scale[6]

    def word_loss(self, student, student_words, teacher, teacher_words) -> torch.Tensor:
        """For texts that have the same words one for one."""
        count = int(min(student_words.max(), teacher_words.max())) + 1
        shared = present(student_words, count) & present(teacher_words, count)
        total = torch.zeros(())
        for layer in LAYERS:
            mine = word_means(student[layer], student_words, count)[shared]
            goal = word_means(teacher[layer], teacher_words, count)[shared]
            total = total + (mine - goal).square().mean() / self.scale[layer]
        return total / len(LAYERS)

    def counterpart_loss(self, student, student_words, teacher, teacher_words) -> torch.Tensor:
        """For translations: mutual nearest words, found in a middle layer, share their vectors."""
        n_mine, n_goal = int(student_words.max()) + 1, int(teacher_words.max()) + 1
        has_mine, has_goal = present(student_words, n_mine), present(teacher_words, n_goal)
        with torch.no_grad():
            a = centred(word_means(student[3], student_words, n_mine), has_mine)
            b = centred(word_means(teacher[3], teacher_words, n_goal), has_goal)
            similarity = (a @ b.transpose(1, 2)).masked_fill(~(has_mine[:, :, None] & has_goal[:, None, :]), -9)
            forward, backward = similarity.argmax(2), similarity.argmax(1)
            mutual = backward.gather(1, forward) == torch.arange(n_mine)[None]
            close = similarity.gather(2, forward[..., None])[..., 0] > 0.4
            linked = mutual & close & has_mine
        if not linked.any():
            return torch.zeros(())
        total = torch.zeros(())
        for layer in LAYERS:
            mine = word_means(student[layer], student_words, n_mine)[linked]
            goals = word_means(teacher[layer], teacher_words, n_goal)
            goal = goals.gather(1, forward[..., None].expand(-1, -1, goals.shape[-1]))[linked]
            total = total + (mine - goal).square().mean() / self.scale[layer]
        return total / len(LAYERS)


def english_paragraphs() -> list[str]:
    names = (
        "squad11_en",
        "squad20_en",
        "squadshifts_new_wiki_en",
        "qed_nq_en",
        "qamr_dev_en",
        "qamr_test_en",
        "qasrl_gs_en",
    )
    contexts: set[str] = set()
    for name in names:
        for example in questions(name):
            contexts.add(example.context)
            if not name.startswith("qa"):
                contexts.add(example.question)
    return sorted(contexts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--tokens", type=int, default=4096, help="student tokens a batch")
    parser.add_argument(
        "--rate", type=float, default=1e-3, help="learning rate of the embeddings; the body's is a tenth"
    )
    arguments = parser.parse_args()
    torch.manual_seed(0)
    rng = random.Random(0)
    aligner = Aligner()
    student = aligner.student
    embeddings = list(student.embeddings.word_embeddings.parameters())
    body = [
        parameter
        for name, parameter in student.named_parameters()
        if "word_embeddings" not in name and "pooler" not in name
    ]
    optimizer = torch.optim.AdamW(
        [{"params": embeddings, "lr": arguments.rate}, {"params": body, "lr": arguments.rate / 10}],
        weight_decay=0.0, betas=(0.9, 0.98), fused=True,
    )  # fmt: skip

    dictionary = [pair for pair in pairs("ding_dictionary_de_en") if "…" not in pair[0]]
    translated = [*pairs("tatoeba_de_en"), *pairs("documentation_de_en"), *rng.sample(dictionary, 200_000)]
    rng.shuffle(translated)
    paragraphs = english_paragraphs()
    swapper = WordSwapper()
    schedule = TimedSchedule(optimizer, arguments.minutes, "align")
    parameters = embeddings + body
    round_ = 0
    while not schedule.over:
        chunk = translated[round_ * 20_000 % len(translated) :][:20_000]
        sample = rng.sample(paragraphs, min(len(paragraphs), 3_000))
        swapped = [swapper.swap(text, rng.choice(RATES))[0] for text in sample]
        round_ += 1
        sets = (
            aligner.encoded([german for german, _ in chunk], [english for _, english in chunk]),
            aligner.encoded(swapped, sample),
        )
        work = [
            (kind, batch)
            for kind, (german, _) in enumerate(sets)
            for batch in by_length([len(ids) for ids in german.ids], arguments.tokens, rng)
        ]
        rng.shuffle(work)
        for kind, batch in work:
            if schedule.over:
                break
            states, mask, words, goal_states, goal_mask, goal_words = aligner.both(*sets[kind], batch)
            loss = 2 * aligner.pooled_loss(states, mask, goal_states, goal_mask)
            if kind == 0:
                loss = loss + 0.5 * aligner.counterpart_loss(states, words, goal_states, goal_words)
            else:
                loss = loss + aligner.word_loss(states, words, goal_states, goal_words)
            schedule.step(loss, int(mask.sum()))
        if round_ % 2 == 0:
            student.save_pretrained(WORK / "aligned")
    student.save_pretrained(WORK / "aligned")
    aligner.tokenizer.backend_tokenizer.no_truncation()
    aligner.tokenizer.save_pretrained(WORK / "aligned")


if __name__ == "__main__":
    main()
