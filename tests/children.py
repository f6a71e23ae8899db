"""Processes that can be killed at any moment, each started in a few milliseconds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

# It imports all that the children need and uses none of it, so that a fork is as good as a fresh process.
_LAUNCHER = """
import importlib, os, sys
for name in sys.argv[1].split(","):
    importlib.import_module(name)
module = importlib.import_module(sys.argv[1].split(",")[0])
print("ready", flush=True)
for line in sys.stdin:
    function, *arguments = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if not child:
        status = 1
        try:
            getattr(module, function)(*arguments)
            status = 0
        except BaseException as error:
            os.write(1, f"raised {error!r}\\n".encode())
        finally:
            os._exit(status)
    os.write(1, f"started {child}\\n".encode())
    os.waitpid(child, 0)
    os.write(1, b"ended\\n")
"""


def say(message: str) -> None:
    """Sends a line from a child to its starter, whole or not at all."""
    os.write(1, f"{message}\n".encode())


class Launcher:
    """Runs functions of a test module, one at a time, in processes of their own; they answer with ``say``."""

    def __init__(self, module: str, *imports: str) -> None:
        command = [sys.executable, "-c", _LAUNCHER, ",".join((module, *imports))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.line() == "ready"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def start(self, function: str, *arguments: object) -> int:
        """Starts ``function(*arguments)``, which gets them as text; the process id."""
        assert self._process.stdin is not None
        self._process.stdin.write("\t".join((function, *map(str, arguments))) + "\n")
        self._process.stdin.flush()
        word, process = self.line().split()
        assert word == "started"
        return int(process)

    def rest(self) -> Sequence[str]:
        """What the process says until its end."""
        lines = []
        while (line := self.line()) != "ended":
            lines.append(line)
        return lines

    def kill(self, process: int) -> Sequence[str]:
        """Ends it with ``kill -9``; what it had said, all of it."""
        with suppress(ProcessLookupError):  # it has ended by itself
            os.kill(process, signal.SIGKILL)
        return self.rest()

    def line(self) -> str:
        """The next line that it says."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")
