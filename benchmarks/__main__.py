"""``python -m benchmarks``: speed, and quality where there are evaluation files. With ``--json`` a line for each."""

from __future__ import annotations

import sys

from benchmarks import quality, speed


def main() -> None:
    arguments = sys.argv[1:]
    speed.main(arguments)
    if not quality.default_files():
        print(f"No evaluation files in {quality.DATA}, so no quality figures.", file=sys.stderr)
        return
    print()
    quality.main(arguments)


if __name__ == "__main__":
    main()
