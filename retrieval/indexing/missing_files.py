"""Missing files of a watched folder: deleted, or on a disk that is not mounted?"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.store.store import Store


@dataclass(frozen=True, slots=True)
class Missing:
    """An article whose file is missing.

    ``device`` is the device that the file's directory was on when it was last there, None if that is not known.
    ``certain`` says that this device is there, so that the file must have been deleted.
    """

    device: int | None
    certain: bool


@dataclass(frozen=True, slots=True)
class FolderMemory:
    """What a look at a folder leaves for the next one: ``devices`` by directory with files in it, ``missing`` by the
    path of an article."""

    devices: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, Missing] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store, folder: str) -> FolderMemory:
        """What the last look left; nothing before the first one."""
        try:
            kept = json.loads(store.meta(_key(folder)))
            return cls(kept["devices"], {path: Missing(*state) for path, state in kept["missing"].items()})
        except (ValueError, KeyError, TypeError, AttributeError):  # not written yet; or damaged, which makes it as new
            return cls()

    def keep(self, store: Store, folder: str) -> None:
        """Leaves this for the next look."""
        missing = {path: (state.device, state.certain) for path, state in self.missing.items()}
        kept = json.dumps({"devices": self.devices, "missing": missing}, sort_keys=True)
        if kept != store.meta(_key(folder)):
            store.put_meta(_key(folder), kept)


def _key(folder: str) -> str:
    return f"folder:{folder}"


class Disks:
    """The devices below ``folder``, now and at the last look.

    Args:
        unchanged: the files that are as they were then.
        device_of: the number of the device that a directory lies on. Raises OSError if it cannot be told.
    """

    def __init__(
        self, folder: str, memory: FolderMemory, unchanged: Iterable[str], device_of: Callable[[str], int]
    ) -> None:
        self._below = os.path.join(folder, "")
        self._memory = memory
        self._device_of = device_of
        self.device = cache(self._device)
        # A device can get another number, as after a restart. What lay on it then and is unchanged shows that it is the
        # same; what was missing lay on another one.
        were_there = set(unchanged).difference(*map(possible_files, memory.missing))
        self._renumbered = {
            (memory.devices[directory], self.device(directory))
            for directory in {os.path.dirname(file) for file in were_there}
            if directory in memory.devices
        }

    def directory(self, path: str) -> str:
        """The directory of the file that the article at ``path`` came from; it need not be there any more."""
        for file in possible_files(path):
            directory = os.path.dirname(file)
            is_below = os.path.join(directory, "").startswith(self._below)
            if is_below and (directory in self._memory.devices or os.path.isdir(directory)):
                return directory
        return os.path.dirname(path)

    def judge(self, path: str) -> Missing:
        """Whether the file of the article at ``path``, which is missing, was certainly deleted.

        It was if its directory, or what is left of the way there, is not empty and on the device of that time.
        """
        directory = self.directory(path)
        left = directory
        while not os.path.isdir(left):
            left = os.path.dirname(left)
        now = self.device(left)
        before = self._memory.missing.get(path)
        device = before.device if before else self._memory.devices.get(directory)
        if device is None and left == directory:
            device = now
        is_same = None not in (device, now) and (device == now or (device, now) in self._renumbered)
        return Missing(now if is_same else device, is_same and not _is_empty(left))

    def _device(self, directory: str) -> int | None:
        try:
            return self._device_of(directory)
        except OSError:
            return None


def possible_files(path: str) -> Iterator[str]:
    """The files that the article at ``path`` may stand in, the longest name first: ``archive.zip#member`` names two."""
    yield path
    while "#" in path:
        path = path.rpartition("#")[0]
        yield path


def is_gone(path: str) -> bool:
    """Whether neither a file of this name exists nor one that it is an article of."""
    return all(_does_not_exist(name) for name in possible_files(path))


def _does_not_exist(path: str) -> bool:
    """Certainly not, that is: a folder on the way that cannot be opened proves nothing."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass
    return False


def _is_empty(directory: str) -> bool:
    """Whether there is nothing in it that is not hidden, or nothing that can be seen."""
    try:
        return all(name.startswith(".") for name in os.listdir(directory))
    except OSError:
        return True
