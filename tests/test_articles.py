"""``fundstelle list``, ``show`` and ``remove`` over a real collection."""

import json
from pathlib import Path

import pytest

from bot.settings import load_settings
from bot.wiring import Fundstelle
from tests.test_cli import TITLE, article, doubles, elsewhere, failed_with_one_line, fundstelle, indexed

__all__ = ["doubles", "elsewhere", "indexed"]  # fixtures


def numbers(*arguments: str) -> dict[str, int]:
    """Title -> number, as ``list --json`` has them."""
    listed = json.loads(fundstelle("list", "--json", *arguments).stdout)["articles"]
    return {entry["title"]: entry["id"] for entry in listed}


def test_list_has_a_line_for_each_article(indexed: None, seeds: Path) -> None:
    lines = fundstelle("list").stdout.splitlines()
    assert len(lines) == len(list(seeds.iterdir())) == len(numbers())
    assert any(TITLE in line and "BelTA" in line and "17. Mai 2024" in line for line in lines)


def test_list_of_nothing_says_how_to_begin(doubles: None) -> None:
    result = fundstelle("list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "fundstelle index" in result.stderr


def test_list_takes_words_that_all_have_to_be_there(indexed: None) -> None:
    assert list(numbers("BELTA", "perm")) == [TITLE]
    assert numbers("belta", "nirgends") == {}


def test_show_by_number_and_by_path(indexed: None, seeds: Path) -> None:
    by_number = fundstelle("show", str(numbers()[TITLE])).stdout
    by_path = fundstelle("show", str(seeds / "2024-05-17_belta_belarus-perm-handel.txt")).stdout
    assert by_number == by_path
    assert "0,5 Milliarden Dollar" in by_number
    assert json.loads(fundstelle("show", str(numbers()[TITLE]), "--json").stdout)["published"] == "2024-05-17"


def test_remove_takes_the_article_out_of_every_answer(indexed: None) -> None:
    question = "Welches Handelsvolumen wird mittelfristig angestrebt?"
    assert json.loads(fundstelle("ask", question, "--json").stdout)["answer"]["text"] == "0,5 Milliarden Dollar"
    before = numbers()
    removed = fundstelle("remove", str(before[TITLE]))
    assert removed.exit_code == 0
    assert TITLE in removed.stdout
    assert set(numbers()) == set(before) - {TITLE}
    found = json.loads(fundstelle("ask", question, "--json").stdout)
    assert found["answer"]["text"] is None
    assert before[TITLE] not in {passage["document_id"] for passage in found["passages"]}


def test_remove_with_a_typing_error_removes_nothing(indexed: None) -> None:
    before = numbers()
    assert "99999" in failed_with_one_line(fundstelle("remove", str(before[TITLE]), "99999"))
    assert numbers() == before


@pytest.mark.parametrize("wrong", ["0", "²", "-1", "nichts.txt", ""])
def test_an_article_that_is_not_there(indexed: None, wrong: str) -> None:
    assert "fundstelle list" in failed_with_one_line(fundstelle("show", "--", wrong))


def test_a_removed_file_can_be_indexed_again(doubles: None, tmp_path: Path) -> None:
    path = article(tmp_path, "a.txt", "Anna kam am Montag nach Minsk.")
    fundstelle("index", str(path))
    fundstelle("remove", str(path))
    assert json.loads(fundstelle("index", str(path), "--json").stdout)["added"] == 1
    with Fundstelle(load_settings(), notify=print) as opened:
        assert opened.store.article_count() == 1
