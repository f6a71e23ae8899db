"""Last stage: the trained models as fp16 safetensors in ``retrieval/models``, with tokenizers and configurations."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from training.paths import MODELS, WORK


def export_reader(source: Path, target: Path) -> None:
    model = AutoModelForQuestionAnswering.from_pretrained(source)
    model.to(torch.float16).save_pretrained(target)
    AutoTokenizer.from_pretrained(source).save_pretrained(target)


def export_embedder(source: Path, target: Path) -> None:
    """In sentence-transformers format: encoder, mean pooling, vectors of length 1."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    encoder = Transformer(str(source), max_seq_length=256)
    encoder.auto_model.to(torch.float16)
    pooling = Pooling(encoder.get_embedding_dimension(), pooling_mode="mean")
    SentenceTransformer(modules=[encoder, pooling, Normalize()], device="cpu").save_pretrained(
        str(target), create_model_card=False
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="*", default=["reader", "embedder"])
    parser.add_argument("--target", type=Path, default=MODELS)
    arguments = parser.parse_args()
    for part in arguments.part:
        target = arguments.target / part
        target.mkdir(parents=True, exist_ok=True)
        (export_reader if part == "reader" else export_embedder)(WORK / part, target)
        size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
        print(f"{target}: {size / 1e6:.1f} MB")
        shutil.rmtree(target / ".cache", ignore_errors=True)


if __name__ == "__main__":
    main()
