from pathlib import Path

import pytest

from retrieval.answering.calibration import HOME_FILE, Calibration, Calibrations, sigmoid
from retrieval.answering.evidence import Evidence
from retrieval.errors import ModelError
from retrieval.inference.model_files import CALIBRATION_FILE


def test_logit_adds_up_the_features() -> None:
    calibration = Calibration(bias=-1.0, margin=0.5, agreeing=2.0, behind=4.0)
    assert calibration.logit(Evidence(margin=3.0)) == pytest.approx(0.5)
    assert calibration.logit(Evidence(margin=3.0, agreeing=1, behind=-0.5)) == pytest.approx(0.5 + 2.0 - 2.0)


def test_sigmoid_of_extremes() -> None:
    assert sigmoid(0) == 0.5
    assert sigmoid(-1000) == 0
    assert sigmoid(1000) == 1


def test_written_calibrations_are_read_back(tmp_path: Path) -> None:
    calibrations = Calibrations(found=Calibration(bias=1.5, threshold=0.25), given=Calibration(margin=0.7))
    calibrations.write(tmp_path)
    assert Calibrations.read(tmp_path) == calibrations


def test_a_reader_without_calibration_gets_the_defaults(tmp_path: Path) -> None:
    assert Calibrations.read(tmp_path) == Calibrations.read(None) == Calibrations()


@pytest.mark.parametrize("content", ["", "[]", '{"found": {}}', '{"found": {"slope": 1}, "given": {}}'])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / CALIBRATION_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=CALIBRATION_FILE):
        Calibrations.read(tmp_path)


def test_the_home_keeps_calibrations_by_reader(tmp_path: Path) -> None:
    one, other = Calibrations(found=Calibration(bias=1.5)), Calibrations(given=Calibration(margin=0.7))
    assert Calibrations.read_home(tmp_path, "one") is None
    one.write_home(tmp_path, "one")
    other.write_home(tmp_path, "owner/other@abc")
    assert Calibrations.read_home(tmp_path, "one") == one
    assert Calibrations.read_home(tmp_path, "owner/other@abc") == other
    assert Calibrations.read_home(tmp_path, "third") is None
    other.write_home(tmp_path, "one")
    assert Calibrations.read_home(tmp_path, "one") == other
    assert [path.name for path in tmp_path.iterdir()] == [HOME_FILE]


@pytest.mark.parametrize("content", ["", "[]", '{"one": {"found": {}}}', '{"one": 3}'])
def test_a_damaged_file_in_the_home_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / HOME_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=HOME_FILE):
        Calibrations.read_home(tmp_path, "one")


def test_a_damaged_file_in_the_home_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / HOME_FILE).write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match=HOME_FILE):
        Calibrations().write_home(tmp_path, "one")
    assert (tmp_path / HOME_FILE).read_text(encoding="utf-8") == "{"
