from pathlib import Path

import pytest

from bot.settings import Settings
from bot.telegram.start_lines import start_lines


def lines(tmp_path: Path, articles: int = 3, members: int = 0, **more: object) -> list[str]:
    settings = Settings(_env_file=None, home=tmp_path, **more)  # type: ignore[call-arg, arg-type]
    first, *rest = start_lines(settings, "FundstelleBot", articles, members)
    assert first == "@FundstelleBot läuft auf Telegram. Beenden mit Strg-C."
    return rest


def test_an_open_bot_warns(tmp_path: Path) -> None:
    warning, indexed = lines(tmp_path)
    assert warning.startswith("Achtung: Wer den Bot findet, darf fragen.")
    assert indexed == "Aufgenommen: 3 Artikel."
    assert lines(tmp_path, telegram_owners="7", telegram_open="true")[0] == warning


@pytest.mark.parametrize(
    ("more", "members", "who"),
    [
        ({"telegram_owners": "7"}, 0, "ein Besitzer"),
        (
            {"telegram_owners": "7", "telegram_allowed": "7,8"},
            2,
            "ein Besitzer, ein weiteres Konto oder eine Gruppe, 2 Eingeladene",
        ),
        ({"telegram_open": "false"}, 0, "niemand"),
    ],
)
def test_who_may_ask(tmp_path: Path, more: dict[str, str], members: int, who: str) -> None:
    assert lines(tmp_path, members=members, **more)[0] == f"Fragen dürfen: {who}."


def test_an_empty_collection_is_said(tmp_path: Path) -> None:
    assert lines(tmp_path, articles=0)[1].startswith("Noch sind keine Artikel aufgenommen.")
