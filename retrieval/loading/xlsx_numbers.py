"""The figures in spreadsheets as German Excel shows them: 8.5 with the format '0.00 "€"' is "8,50 €"."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

# The formats that Excel files name by number only.
BUILT_IN: Final = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 14: "dd.mm.yyyy",
    15: "dd.mm.yyyy", 16: "dd.mm.", 17: "mm.yyyy", 18: "hh:mm", 19: "hh:mm:ss", 20: "hh:mm", 21: "hh:mm:ss",
    22: "dd.mm.yyyy hh:mm", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 44: '#,##0.00 "€"',
    42: '#,##0 "€"', 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss",
}  # fmt: skip
TRUE, FALSE = "WAHR", "FALSCH"
_LITERALS: Final = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]\-]*)[^\]]*\]|[_*].|\[[^\]]*\]')
_DIGITS: Final = re.compile(r"[#0?](?:[#0?,. ]*[#0?])?")
_MAX_FORMAT_CHARS: Final = 200
_MAX_DECIMALS: Final = 10
# Excel counts days from here; its first two months are a day off, as in Lotus 1-2-3.
_DAY_ZERO: Final = datetime(1899, 12, 30)
_DAY_ZERO_1904: Final = datetime(1904, 1, 1)
_MAX_DAYS: Final = 2_958_465


def shown_number(value: str, number_format: str, *, from_1904: bool = False) -> str:
    """The number that a file spells ``value`` as its cell shows it; as it is spelt if it is none."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    if not number.is_finite() or abs(number.adjusted()) > 300:
        return value
    section = number_format[:_MAX_FORMAT_CHARS].split(";")[0]
    bare = _LITERALS.sub("", section).lower()
    is_duration = bool(re.search(r"\[[hms]+\]", section.lower()))
    if is_duration or (not _DIGITS.search(bare.replace("ss.0", "")) and re.search(r"[dymhs]", bare)):
        return _day_and_time(number, bare, is_duration=is_duration, from_1904=from_1904)
    if "%" in bare:
        number *= 100
    found = _DIGITS.search(section if '"' not in section else _keep_literals(section))
    if found is None or "e+" in bare:
        return _plain(number) + (" %" if "%" in bare else "")
    literal = _keep_literals(section)
    found = _DIGITS.search(literal) or found
    digits = found[0]
    decimals = min(len(re.findall(r"[#0?]", digits.partition(".")[2])), _MAX_DECIMALS)
    needed = digits.partition(".")[2].count("0")
    text = f"{number:,.{decimals}f}"
    whole, _, fraction = text.partition(".")
    while len(fraction) > needed and fraction.endswith("0"):
        fraction = fraction[:-1]
    whole = whole.replace(",", "." if "," in digits else "")
    before, after = literal[: found.start()], literal[found.end() :]
    after = after.replace("%", " %") if " %" not in after else after
    return " ".join(f"{before}{whole}{',' if fraction else ''}{fraction}{after}".split())


def _keep_literals(section: str) -> str:
    """The format with its literal texts as they are shown."""
    return _LITERALS.sub(lambda found: next((group for group in found.groups() if group), ""), section)


def _plain(number: Decimal) -> str:
    """As in a cell without a format: at most ten decimals, none that say nothing."""
    rounded = f"{number:.{_MAX_DECIMALS}f}"
    return rounded.rstrip("0").rstrip(".").replace(".", ",")


def _day_and_time(number: Decimal, bare: str, *, is_duration: bool, from_1904: bool) -> str:
    seconds = round(float(number) * 86400) if abs(number) <= _MAX_DAYS else None
    if seconds is None or (seconds < 0 and not is_duration):
        return _plain(number)
    if is_duration:
        sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
        return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}" + (f":{seconds % 60:02}" if seconds % 60 else "")
    moment = (_DAY_ZERO_1904 if from_1904 else _DAY_ZERO) + timedelta(seconds=seconds)
    has_day, has_time = bool(re.search(r"[dy]", bare)) or ("m" in bare and "h" not in bare), "h" in bare
    clock = f"{moment:%H:%M}" + (f":{moment:%S}" if "s" in bare and moment.second else "")
    if has_time and not has_day:
        return clock
    if "d" not in bare and "y" in bare:
        day = f"{moment:%m}.{moment.year:04}" if "m" in bare else f"{moment.year:04}"
    elif "y" not in bare and "d" in bare:
        day = f"{moment:%d.%m.}"
    else:
        day = f"{moment:%d.%m}.{moment.year:04}"
    return f"{day} {clock}" if has_time else day
