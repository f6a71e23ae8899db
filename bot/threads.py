"""How the threads that torch and FAISS compute with wait for each other."""

from __future__ import annotations

import os
from collections.abc import MutableMapping


def wait_without_spinning(environment: MutableMapping[str, str] = os.environ) -> None:
    """Lets idle threads sleep, unless the user has chosen otherwise; it counts for libraries that load afterwards.

    By default they spin, and beside one other busy program a question takes four times as long.
    """
    if "GOMP_SPINCOUNT" not in environment:
        environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
