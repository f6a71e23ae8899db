"""How a stage that trains a reader begins: where from, and with what."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch
from torch import nn
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
    parser.add_argument("--cloze-first", type=float, default=0.4, help="share of the time that is for cloze questions")
    parser.add_argument("--seed", type=int, default=0, help="another one draws other examples, for a run that goes on")
    parser.add_argument("--without", type=int, nargs="*", default=[], help="layers of the base to leave out, from 0")
    return parser.parse_args()


def load(base: str, without: Sequence[int]) -> tuple[PreTrainedTokenizerFast, PreTrainedModel]:
    """Tokenizer and model, ``without`` some of its layers, always from the same random numbers.

    Without dropout: a CPU draws its random numbers one by one, which takes longer than the layers do.
    """
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(WORK / base)
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    model = AutoModelForQuestionAnswering.from_pretrained(WORK / base, attn_implementation="eager", dtype=torch.float32)
    layers = model.base_model.encoder.layer
    model.base_model.encoder.layer = nn.ModuleList(layer for i, layer in enumerate(layers) if i not in without)
    model.config.num_hidden_layers = len(model.base_model.encoder.layer)
    return tokenizer, model.eval()
