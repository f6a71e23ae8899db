"""Average the weights of two readers, one of which went on from the other (model soup, Wortsman et al. 2022)."""

from __future__ import annotations

import argparse
import shutil

from safetensors.torch import load_file, save_file

from training.paths import WORK


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", help="folder below the work folder")
    parser.add_argument("second")
    parser.add_argument("output")
    parser.add_argument("--share", type=float, default=0.5, help="of the first one (0..1)")
    arguments = parser.parse_args()
    first = load_file(WORK / arguments.first / "model.safetensors")
    second = load_file(WORK / arguments.second / "model.safetensors")
    # The second one may have more layers than the first.
    mixed = {name: arguments.share * first[name] + (1 - arguments.share) * second[name].float() for name in first}
    shutil.copytree(WORK / arguments.first, WORK / arguments.output, dirs_exist_ok=True)
    save_file(mixed, WORK / arguments.output / "model.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    main()
