"""Write down what a reader gets wrong, for its model card: the first wrong answers of an evaluation file."""

from __future__ import annotations

import argparse
from pathlib import Path

from retrieval.answering.calibration import Calibration
from retrieval.evaluation.metrics import f1
from retrieval.evaluation.runs import evaluate_reader
from retrieval.evaluation.squad import read_evaluation
from retrieval.inference.reader import TransformersReader
from training.paths import DATA, MODELS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, default=DATA / "eval" / "newsroom-dev.json")
    parser.add_argument("--count", type=int, default=10)
    arguments = parser.parse_args()
    data = read_evaluation(arguments.file)
    print("| question | it said | right |\n|---|---|---|")
    shown = 0
    for outcome in evaluate_reader(data, TransformersReader(str(MODELS / "reader")), Calibration(), 0.0):
        answers = outcome.question.answers
        if answers and f1(outcome.best, answers) == 0 and shown < arguments.count:
            print(f"| {outcome.question.question} | {outcome.best} | {answers[0]} |")
            shown += 1


if __name__ == "__main__":
    main()
