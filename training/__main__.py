"""``make train``: all stages in order, each in a process of its own with a log in the work folder.

``python -m training --from read`` begins at a later stage; ``--scale 2`` gives each timed stage twice its minutes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from training.paths import ROOT, WORK

#: Stage -> minutes on a 2-core machine (None: it takes what it takes).
STAGES: dict[str, float | None] = {
    "foundation": None,
    "swapping": None,
    "silence": None,
    "embed": 75,
    "read": 110,
    "export": None,
    "calibrate": None,
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the embedded models anew.")
    parser.add_argument("--from", dest="first", choices=STAGES, default="foundation", help="begin with this stage")
    parser.add_argument("--scale", type=float, default=1.0, help="factor for the minutes of the timed stages")
    arguments = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    names = list(STAGES)
    for name in names[names.index(arguments.first) :]:
        minutes = STAGES[name]
        command = [sys.executable, "-m"]
        if minutes is None:
            command.append(f"training.{name}")
        else:
            processes = ["torch.distributed.run", "--nproc-per-node", str(os.cpu_count()), "-m"]
            command += [*processes, f"training.{name}", "--minutes", str(minutes * arguments.scale)]
        log = WORK / f"{name}.log"
        print(f"{name}: {' '.join(command[1:])} (log: {log})", flush=True)
        with log.open("w", encoding="utf-8") as file:
            done = subprocess.run(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, env=os.environ)
        if done.returncode:
            print(f"{name} failed; see {log}", file=sys.stderr)
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
