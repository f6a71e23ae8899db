"""Files that are not read, counted by type, with a word on what to do about them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Final

from retrieval.loading.parsed import Skipped
from retrieval.messages import notice

# An owner file lies beside a file that is open in Word ("~$bericht.docx") or LibreOffice (".~lock.bericht.odt#").
_OWNER_FILE: Final = "~$"
_OWNER_FILE_BYTES: Final = 1000
_HIDDEN: Final = (".", _OWNER_FILE, "__MACOSX")
# What systems put into folders.
_FURNITURE: Final = frozenset({"thumbs.db", "desktop.ini"})
# "Protokoll vom 3. Mai" has no ending.
_ENDING: Final = re.compile(r"\.(?=\d*[a-z])[a-z\d_+-]{1,10}~?")
#: Types beyond this number are counted together.
_MAX_TYPES: Final = 100

_WORD: Final = notice("parts.type_word")
_EXCEL: Final = notice("parts.type_excel")
_POWERPOINT: Final = notice("parts.type_powerpoint")
_MAIL: Final = notice("parts.type_mail")
_PAGE: Final = notice("parts.type_page")
_TEXT: Final = notice("parts.type_text")
_PACKED: Final = notice("parts.type_packed")
_PICTURE: Final = notice("parts.type_picture")
_UNKNOWN: Final = notice("parts.type_unknown")
_HINTS: Final[Mapping[str, str]] = {
    **dict.fromkeys((".doc", ".dot", ".wps", ".wpd", ".fodt", ".sxw"), _WORD),
    **dict.fromkeys((".xls", ".xlt", ".xlsb", ".fods", ".sxc"), _EXCEL),
    **dict.fromkeys((".ppt", ".pps", ".pot", ".fodp", ".sxi"), _POWERPOINT),
    **dict.fromkeys((".msg", ".pst", ".ost", ".emlx", ".oft"), _MAIL),
    **dict.fromkeys((".mht", ".mhtml", ".webarchive", ".url", ".webloc", ".shtml", ".php", ".asp", ".aspx"), _PAGE),
    **dict.fromkeys((".log", ".rst", ".adoc", ".tex", ".org", ".asc", ".nfo", ".srt", ".vtt"), _TEXT),
    **dict.fromkeys((".gz", ".tgz", ".bz2", ".xz", ".zst", ".tar", ".7z", ".rar"), _PACKED),
    **dict.fromkeys(
        (".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".bmp", ".webp", ".heic", ".svg", ".avif"), _PICTURE
    ),
    **dict.fromkeys((".pages", ".djvu", ".ps", ".xps", ".pub", ".indd"), notice("parts.type_save_as", type=".pdf")),
    **dict.fromkeys((".mobi", ".azw", ".azw3", ".fb2"), notice("parts.type_save_as", type=".epub")),
    ".numbers": notice("parts.type_save_as", type=".xlsx"),
    ".key": notice("parts.type_save_as", type=".pptx"),
}


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is passed over without a word: hidden, or beside a file that is open."""
    return name.startswith(_HIDDEN) or name.lower() in _FURNITURE


def is_owner_file(path: Path) -> bool:
    """Whether this file only says who has another one open; one with an article in it is larger."""
    try:
        return path.name.startswith(_OWNER_FILE) and path.stat().st_size <= _OWNER_FILE_BYTES
    except OSError:
        return False


def why_unread(suffix: str) -> str:
    """Why files whose names end in this are not read, and what to do; a Notice."""
    return _HINTS.get(suffix, _UNKNOWN)


def has_hint(suffix: str) -> bool:
    """Whether something can be done about files whose names end in this."""
    return suffix in _HINTS


def count_unread(names: Iterable[str]) -> list[Skipped]:
    """One entry for each type among the names of files that are not read, the most frequent first."""
    counts = Counter(_ending(name) for name in names)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Skipped(_files(suffix, count), why_unread(suffix)) for suffix, count in ordered[:_MAX_TYPES]] + [
        Skipped(notice("parts.files_of_type", count=rest, type="…"), _UNKNOWN)
        for rest in [sum(count for _, count in ordered[_MAX_TYPES:])]
        if rest
    ]


def _ending(name: str) -> str:
    suffix = PurePath(name).suffix.lower()
    return suffix if _ENDING.fullmatch(suffix) else ""


def _files(suffix: str, count: int) -> str:
    if not suffix:
        return notice("parts.file_without_type") if count == 1 else notice("parts.files_without_type", count=count)
    if count == 1:
        return notice("parts.file_of_type", type=suffix)
    return notice("parts.files_of_type", count=count, type=suffix)
