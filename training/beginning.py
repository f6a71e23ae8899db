"""How a stage that trains a reader begins: where from, and with what."""

from __future__ import annotations

import argparse

import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from training.paths import WORK


def arguments(description: str, *, minutes: float, rate: float, base: str, output: str) -> argparse.Namespace:
    """What the command line says; these are the defaults."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--minutes", type=float, default=minutes)
    parser.add_argument("--tokens", type=int, default=4096, help="tokens a batch")
    parser.add_argument("--rate", type=float, default=rate)
    parser.add_argument("--base", default=base, help="folder below the work folder to begin with")
    parser.add_argument("--output", default=output)
    parser.add_argument("--easy-first", type=float, default=0.15, help="share of the time that is for easy examples")
    return parser.parse_args()


def load(base: str) -> tuple[PreTrainedTokenizerFast, PreTrainedModel]:
    """Tokenizer and model, always from the same random numbers.

    Without dropout: a CPU draws its random numbers one by one, which takes longer than the layers do.
    """
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(WORK / base)
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    model = AutoModelForQuestionAnswering.from_pretrained(WORK / base, attn_implementation="eager", dtype=torch.float32)
    return tokenizer, model.eval()
