"""Running a property for as long as it takes: some examples in each run of the tests, for minutes in ``make soak``.

FUZZ_SECONDS in the environment says how many seconds a property gets there, 600 if it is not set.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

#: How long each fuzzer runs in the long tests.
SECONDS = float(os.environ.get("FUZZ_SECONDS", "600"))
#: The parameter of a fuzzing test: seconds, 0 for one round of examples.
FOR_A_WHILE = [0, pytest.param(SECONDS, marks=[pytest.mark.soak, pytest.mark.timeout(SECONDS + 600)])]

#: For a property that ``keep_trying`` runs: few examples, since rounds are many.
few_examples = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def keep_trying(prop: Callable[[], None], seconds: float) -> None:
    """Runs a property, made by ``given``, again and again with other examples until the seconds have passed."""
    end = time.monotonic() + seconds
    prop()
    while time.monotonic() < end:
        prop()
