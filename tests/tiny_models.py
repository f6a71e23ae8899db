"""Tiny models with random weights, saved in the file layout of real ones. Nothing is downloaded."""

from __future__ import annotations

import re
import string
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, StaticEmbedding, Transformer

from retrieval.errors import ModelError
from retrieval.inference.embedder import SentenceTransformerEmbedder
from retrieval.inference.reader import TransformersReader

SENTENCES = [
    "Der Bahnhof in Köln wurde 1859 eröffnet und nach dem Krieg neu gebaut.",
    "Das Museum öffnet am Dienstag um 10 Uhr und schließt um 18 Uhr.",
    "Wer hat den Preis gewonnen? Die Jury wählte Anna Müller aus Hamburg.",
    "Rund 160.000 Menschen leben in der Stadt, sagte die Bürgermeisterin.",
    "Wann wurde die Brücke gesperrt? Am 17. Mai, wegen 0,5 Milliarden Euro Kosten.",
]
FAMILIES = {"bert": "Bert", "electra": "Electra", "xlm-roberta": "XLMRoberta", "deberta-v2": "DebertaV2"}


def save_reader(folder: Path, family: str, positions: int = 128) -> Path:
    """A question answering model of the family; it takes ``positions`` tokens at once."""
    torch.manual_seed(7)
    tokenizer = _save_tokenizer(folder, family)
    config = _config(family, len(tokenizer), positions)
    model = getattr(transformers, f"{FAMILIES[family]}ForQuestionAnswering")(config).eval()
    model.save_pretrained(folder)
    return folder


def save_embedder(folder: Path, family: str, prompts: dict[str, str] | None = None, positions: int = 128) -> Path:
    """An encoder of the family with mean pooling in sentence-transformers format, 32 dimensions."""
    torch.manual_seed(7)
    encoder = folder.with_name(folder.name + "-encoder")
    tokenizer = _save_tokenizer(encoder, family)
    getattr(transformers, f"{FAMILIES[family]}Model")(_config(family, len(tokenizer), positions)).save_pretrained(
        encoder
    )
    modules = [Transformer(str(encoder)), Pooling(32, "mean"), Normalize()]
    SentenceTransformer(modules=modules, device="cpu", prompts=prompts).save(str(folder), create_model_card=False)
    return folder


def save_static_embedder(folder: Path) -> Path:
    """A table of one vector a word piece in sentence-transformers format, 16 dimensions."""
    torch.manual_seed(7)
    module = StaticEmbedding(transformers.BertTokenizer(vocab=_word_pieces(), do_lower_case=False), embedding_dim=16)
    SentenceTransformer(modules=[module], device="cpu").save(str(folder), create_model_card=False)
    return folder


def save_all(home: Path) -> dict[str, Path]:
    """A reader, an embedder and a static embedder in folders below ``home``, by these names."""
    return {
        "reader": save_reader(home / "reader", "bert"),
        "embedder": save_embedder(home / "embedder", "bert"),
        "static": save_static_embedder(home / "static"),
    }


def answer_with(folder: Path, start: str, end: str) -> None:
    """Sets a BERT reader's weights so that its logits are 9 at the token ``start`` (``end``), -1 at [CLS], else 0.

    The layers add nothing (their output weights are zero), words have one axis each, and nothing else is embedded.
    """
    model = transformers.BertForQuestionAnswering.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.fill_(1.0 if name.endswith("LayerNorm.weight") else 0.0)
        words = model.bert.embeddings.word_embeddings.weight
        width = words.shape[1]
        # A single 1 among zeros leaves a layer norm as sqrt(width - 1) beside -1 / sqrt(width - 1).
        high, low = (width - 1) ** 0.5, -1 / (width - 1) ** 0.5
        words[:, 3] = 1
        for axis, token in enumerate([start, end, "[CLS]"]):
            number = tokenizer.convert_tokens_to_ids(token)
            assert number != tokenizer.unk_token_id, f"{token} is no token of the model"
            words[number] = torch.eye(width)[axis]
        for row, axis in enumerate((0, 1)):
            model.qa_outputs.weight[row, axis] = 9 / (high - low)
            model.qa_outputs.weight[row, 2] = -1 / (high - low)
            model.qa_outputs.bias[row] = -low * (9 - 1) / (high - low)
    model.save_pretrained(folder)


def load(kind: str, name: str) -> None:
    """Loads the model of this name as a reader or, for any other kind, as an embedder."""
    (TransformersReader if kind == "reader" else SentenceTransformerEmbedder)(name).load()


def refusal(kind: str, name: str) -> str:
    """The message of the refused model; it is one line."""
    with pytest.raises(ModelError) as caught:
        load(kind, name)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


@contextmanager
def crowd(part: TransformersReader | SentenceTransformerEmbedder) -> Iterator[list[int]]:
    """How many threads were in the part's model at once, at most; slows the model down so that they would meet."""
    part.load()
    model: Any = part._model
    inside, most = [0], [0]

    def enter(*_: object) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.005)

    def leave(*_: object) -> None:
        inside[0] -= 1

    hooks = [model.register_forward_pre_hook(enter), model.register_forward_hook(leave)]
    yield most
    for hook in hooks:
        hook.remove()


def _config(family: str, words: int, positions: int) -> transformers.PreTrainedConfig:
    extra = {}
    if family == "xlm-roberta":
        extra = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "type_vocab_size": 1}
        positions += 2  # as in the real ones: 514 for 512 tokens
    elif family == "deberta-v2":
        extra = {
            "type_vocab_size": 0,
            "relative_attention": True,
            "position_buckets": 16,
            "pos_att_type": ["p2c", "c2p"],
            "position_biased_input": False,
            "norm_rel_ebd": "layer_norm",
            "share_att_key": True,
        }
    elif family == "electra":
        extra = {"embedding_size": 16}
    return getattr(transformers, f"{FAMILIES[family]}Config")(
        vocab_size=words,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=positions,
        **extra,
    )


def _save_tokenizer(folder: Path, family: str) -> transformers.PreTrainedTokenizerFast:
    """The family's own tokenizer; it knows the words of the sentences and single characters."""
    if family in ("bert", "electra"):
        tokenizer = transformers.BertTokenizer(vocab=_word_pieces(), do_lower_case=False)
    elif family == "xlm-roberta":
        tokenizer = transformers.XLMRobertaTokenizer(vocab=_unigrams("<s>", "<pad>", "</s>", "<unk>", "<mask>"))
    else:
        tokenizer = transformers.DebertaV2Tokenizer(vocab=_unigrams("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"))
    tokenizer.save_pretrained(folder)
    return tokenizer


def _word_pieces() -> dict[str, int]:
    words = re.findall(r"\w+", " ".join(SENTENCES))
    characters = [character for character in string.printable + "äöüßÄÖÜ" if not character.isspace()]
    pieces = [*characters, *("##" + character for character in characters), *words]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return {piece: number for number, piece in enumerate(dict.fromkeys([*special, *pieces]))}


def _unigrams(*special: str) -> list[tuple[str, float]]:
    """Pieces and their log probabilities; whole words are likelier than their characters."""
    text = " ".join(SENTENCES)
    scores = {piece: 0.0 for piece in special} | {character: -9.0 for character in sorted({*text, "▁"} - {" "})}
    return list((scores | {"▁" + word: -5.0 for word in text.split()}).items())
