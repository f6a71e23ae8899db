"""Stage 2: a German-English WordPiece vocabulary, and the teacher's body with rows for it.

The English tokens that occur in our text keep the teacher's rows. A German token starts as the mean of the
teacher's rows of its translations (IBM model 1 over token ids), or of its pieces in the teacher's vocabulary.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoModel, AutoTokenizer, BertTokenizerFast

from training.corpora import lines, pairs, questions
from training.lexicon import translation_table
from training.paths import WORK, teacher_folder

GERMAN_TOKENS = 17_000
VOCABULARY = 26_000
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def english_texts() -> list[str]:
    """The English text at hand: one side of the pairs and the QA contexts."""
    texts = [english for name in ("tatoeba_de_en", "documentation_de_en") for _, english in pairs(name)]
    for name in ("squad11_en", "squadshifts_new_wiki_en", "qamr_dev_en", "qamr_test_en", "qed_nq_en"):
        examples = list(questions(name))
        texts += {example.context for example in examples}
        texts += [example.question for example in examples]
    return texts


def german_texts(rng: random.Random) -> list[str]:
    """A mix of encyclopedia, speeches and everyday sentences in which the news-like part is not drowned."""
    wikipedia = [line for line in lines("wikipedia_de") if line]
    speeches = [line for line in lines("bundestag_reden_de") if line]
    return [
        *rng.sample(wikipedia, len(wikipedia) // 2),
        *rng.sample(speeches, len(speeches) // 2),
        *(line for line in lines("klexikon_de") if line),
        *(german for german, _ in pairs("tatoeba_de_en")),
        *(german for german, _ in pairs("documentation_de_en")),
    ]


def bare_tokenizer(vocabulary: dict[str, int]) -> Tokenizer:
    """A lower-casing WordPiece tokenizer that keeps umlauts."""
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=60))
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=False, lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def train_german(texts: Iterable[str]) -> list[str]:
    """The tokens of a WordPiece vocabulary trained on German text."""
    tokenizer = bare_tokenizer({"[UNK]": 0})
    trainer = trainers.WordPieceTrainer(
        vocab_size=GERMAN_TOKENS, min_frequency=3, limit_alphabet=200, special_tokens=list(SPECIAL)
    )
    tokenizer.train_from_iterator(texts, trainer)
    return sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)


def build() -> None:
    """Write ``work/base``: the student before it learns anything."""
    rng = random.Random(0)
    teacher_tokenizer = AutoTokenizer.from_pretrained(teacher_folder())
    teacher_tokenizer.backend_tokenizer.no_padding()  # its file asks for both
    teacher_tokenizer.backend_tokenizer.no_truncation()
    teacher = AutoModel.from_pretrained(teacher_folder())
    german = train_german(german_texts(rng))
    seen: Counter[str] = Counter()
    texts = english_texts()
    for encoding in teacher_tokenizer.backend_tokenizer.encode_batch(texts, add_special_tokens=False):
        seen.update(encoding.tokens)
    tokens = list(dict.fromkeys([*SPECIAL, *german]))
    known = set(tokens)
    english = [token for token, _ in seen.most_common() if token not in known]
    tokens += english[: VOCABULARY - len(tokens)]
    vocabulary = {token: row for row, token in enumerate(tokens)}
    print(
        f"{len(tokens)} tokens: {len(german)} from German text, {len(tokens) - len(known)} from English text only",
        flush=True,
    )

    tokenizer = bare_tokenizer(vocabulary)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    rows = initial_rows(tokenizer, teacher_tokenizer, teacher.embeddings.word_embeddings.weight.detach().numpy(), rng)
    teacher.resize_token_embeddings(len(tokens))
    with torch.no_grad():
        teacher.embeddings.word_embeddings.weight.copy_(torch.from_numpy(rows))
    fast = BertTokenizerFast(
        tokenizer_object=tokenizer, do_lower_case=True, strip_accents=False, model_max_length=512,
        pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]",
    )  # fmt: skip
    teacher.config.pad_token_id = vocabulary["[PAD]"]
    teacher.save_pretrained(WORK / "base")
    fast.save_pretrained(WORK / "base")


def initial_rows(
    tokenizer: Tokenizer, teacher_tokenizer: BertTokenizerFast, teacher_rows: np.ndarray, rng: random.Random
) -> np.ndarray:
    """One row (float32, the teacher's width) a token of the new vocabulary."""
    dictionary = list(pairs("ding_dictionary_de_en"))
    parallel = [*pairs("tatoeba_de_en"), *pairs("documentation_de_en"), *rng.sample(dictionary, 300_000)]
    german = [
        np.array(encoding.ids, np.int32)
        for encoding in tokenizer.encode_batch([pair[0] for pair in parallel], add_special_tokens=False)
    ]
    english = [
        np.array(encoding.ids, np.int32)
        for encoding in teacher_tokenizer.backend_tokenizer.encode_batch(
            [pair[1] for pair in parallel], add_special_tokens=False
        )
    ]
    source, target, probability = translation_table(
        german, english, source_size=tokenizer.get_vocab_size(), target_size=len(teacher_rows)
    )
    occurrences = np.bincount(np.concatenate(german), minlength=tokenizer.get_vocab_size())
    teacher_vocabulary = teacher_tokenizer.get_vocab()
    rows = np.zeros((tokenizer.get_vocab_size(), teacher_rows.shape[1]), np.float32)
    for token, row in tokenizer.get_vocab().items():
        # A token of both languages ("die", "berlin") starts with the English meaning: names and numbers outweigh
        # the false friends, and training moves those.
        if token in teacher_vocabulary and (row < len(SPECIAL) or occurrences[row] < 50 or not token.isalpha()):
            rows[row] = teacher_rows[teacher_vocabulary[token]]
            continue
        first, last = np.searchsorted(source, [row, row + 1])
        best = np.argsort(-probability[first:last])[:5] + first
        if len(best) and occurrences[row] >= 3:
            weight = probability[best] / probability[best].sum()
            rows[row] = weight @ teacher_rows[target[best]]
            if token in teacher_vocabulary:
                rows[row] = (rows[row] + teacher_rows[teacher_vocabulary[token]]) / 2
        elif token in teacher_vocabulary:
            rows[row] = teacher_rows[teacher_vocabulary[token]]
        else:
            pieces = teacher_tokenizer.encode(token.removeprefix("##"), add_special_tokens=False)
            # Some marks are nothing to the teacher; they begin as the mean of all rows.
            rows[row] = teacher_rows[pieces].mean(axis=0) if pieces else teacher_rows.mean(axis=0)
    return rows


if __name__ == "__main__":
    WORK.mkdir(parents=True, exist_ok=True)
    build()
