"""ZIP, as an archive of articles and as what Word files and e-books are made of.

Nothing is ever written to the disk, so a member's name is only a name. Sizes are counted while unpacking.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from retrieval.errors import LoadingError
from retrieval.loading.limits import MAX_MEMBERS, MAX_UNPACKED_BYTES, MAX_UNPACKED_RATIO, RATIO_FROM_BYTES
from retrieval.messages import notice

_DAMAGE: Final = (BadZipFile, zlib.error, struct.error, EOFError, OSError, OverflowError, RuntimeError, ValueError)
_CHUNK_BYTES: Final = 1 << 18
_ENCRYPTED: Final = 1


class TrapError(LoadingError):
    """An archive unpacks to more than is allowed: nothing more of it is read."""


class Archive:
    """The files in a ZIP file; ``name`` and ``kind`` (a Notice: "ZIP-Archiv") are for messages.

    Raises:
        LoadingError: it is damaged, or holds too many files.
    """

    def __init__(self, raw: bytes, name: str, kind: str) -> None:
        self.name = name
        self._kind = kind
        self._allowed = min(MAX_UNPACKED_BYTES, max(RATIO_FROM_BYTES, MAX_UNPACKED_RATIO * len(raw)))
        self._unpacked = 0
        try:
            self._zip = ZipFile(BytesIO(raw))
        except _DAMAGE as error:
            raise LoadingError(notice("loading.unreadable", name=name, kind=kind)) from error
        infos = [info for info in self._zip.infolist() if not info.is_dir()]
        if len(infos) > MAX_MEMBERS:
            raise TrapError(notice("loading.many_files", name=name, count=len(infos), limit=MAX_MEMBERS))
        # Of two files with one name the last counts, as it does when they are unpacked.
        self._infos: dict[str, ZipInfo] = {info.filename: info for info in infos}

    @property
    def members(self) -> list[str]:
        """The names of the files in it."""
        return list(self._infos)

    def __contains__(self, member: str) -> bool:
        return member in self._infos

    def read(self, member: str, max_bytes: int) -> bytes:
        """The content of a file in it.

        Raises:
            LoadingError: it is missing, damaged, encrypted, or larger than ``max_bytes``.
            TrapError: this file and those before unpack to more than is allowed for the archive.
        """
        info = self._infos.get(member)
        if info is None:
            raise LoadingError(notice("loading.incomplete", name=self.name, kind=self._kind, member=member))
        if info.flag_bits & _ENCRYPTED:
            raise LoadingError(notice("loading.password", name=member))
        # The other methods can unpack a few bytes to hundreds of megabytes at once.
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise LoadingError(notice("loading.compression", name=member))
        chunks: list[bytes] = []
        size = 0
        try:
            with self._zip.open(info) as file:
                while chunk := file.read(_CHUNK_BYTES):
                    chunks.append(chunk)
                    size += len(chunk)
                    self._count(len(chunk))
                    if size > max_bytes:
                        raise LoadingError(notice("loading.large_member", name=member, limit=max_bytes // 1_000_000))
        except _DAMAGE as error:
            raise LoadingError(notice("loading.damaged", name=member)) from error
        return b"".join(chunks)

    def _count(self, size: int) -> None:
        self._unpacked += size
        if self._unpacked > self._allowed:
            raise TrapError(notice("loading.trap", name=self.name, limit=self._allowed // 1_000_000))
