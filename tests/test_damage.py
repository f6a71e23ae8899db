"""Damaged files of a data directory: an index is built anew, a database is refused, and no answer comes from damage."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from retrieval.errors import StoreError
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import Search
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store import database
from retrieval.store.store import DATABASE_NAME, MANIFEST_NAME, Store
from retrieval.types import Document
from tests.collection import put
from tests.doubles import HashEmbedder

SHORT, FULL = 25, 2500  # of each of four kinds
SIZES = [pytest.param(SHORT), pytest.param(FULL, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])]

LOG, SHARED = f"{DATABASE_NAME}-wal", f"{DATABASE_NAME}-shm"
TOWNS = ("Brest", "Gomel", "Grodno", "Minsk", "Orscha", "Pinsk", "Polozk", "Witebsk")
PLACES = ("Brest 2010 oder 1970", "Gomel 2011 oder 1971", "Grodno 2010 oder 1970", "Minsk 2000 oder 1960", "Pinsk")
QUESTIONS = tuple(f"Was hat das Werk {place} verkauft?" for place in PLACES)

Files = Mapping[str, bytes]
#: For each question the passages that were found, with all that an answer shows of their articles.
Answers = tuple[tuple[tuple[Document, int, int, tuple[Document, ...]], ...], ...]


@dataclass(frozen=True, slots=True)
class Home:
    """The files of a data directory, and the answers it may give: as it is, or without what stands in its log."""

    files: Files
    states: tuple[Answers, ...]

    @property
    def index_files(self) -> list[str]:
        return sorted(name for name in self.files if not name.startswith("fundstelle"))


def text(town: str, year: int) -> str:
    chance = random.Random(f"{town} {year}")
    goods = ("Traktoren", "Leinen", "Zucker", "Möbel", "Käse")
    return "\n".join(
        f"Das Werk in {town} hat {year + i} für {chance.randrange(10**6)} Rubel {chance.choice(goods)} verkauft."
        for i in range(chance.randrange(2, 6))
    )


def index_of(store: Store, notify: Callable[[str], None]) -> FaissVectorIndex:
    """An index that has a file also for a few sentences."""
    return FaissVectorIndex(store, notify, recent_rows=0)


def search_of(store: Store, notify: Callable[[str], None]) -> Search:
    search = Search(store, HashEmbedder(), index_of(store, notify), KeywordIndex(store, notify))
    search.load()
    return search


def answers(search: Search) -> Answers:
    return tuple(
        tuple(
            (hit.document, hit.passage.start, hit.passage.end, hit.copies) for hit in search.search(question, limit=4)
        )
        for question in QUESTIONS
    )


def read(home: Path) -> Files:
    return {path.name: path.read_bytes() for path in home.iterdir() if not path.name.endswith(".lock")}


def built(home: Path, year: int) -> Home:
    """Articles, a copy and a corrected one; the last three stand in the log only, and the index is behind by one."""
    with Store(home) as store:
        for number, town in enumerate(TOWNS):
            put(store, text(town, year), f"/{number}", title=f"{town} {year}", published=f"{year}-05-17")
        put(store, text(TOWNS[0], year), "/kopie", title="Kopie", source="Sonst wer")
        put(store, text(TOWNS[1], year + 1), "/1", title="Berichtigt")
        index_of(store, lambda notice: None).load()
    with Store(home) as store:
        states = [answers(search_of(store, unexpected))]
        for number, town in enumerate(TOWNS[:3]):
            put(store, text(town, year + 10), f"/neu{number}", title=f"{town} {year + 10}")
            states.append(answers(search_of(store, unexpected)) if number < 2 else answers_in_memory(store))
        assert len(set(states)) == len(states)
        return Home(read(home), tuple(states))


def answers_in_memory(store: Store) -> Answers:
    """The answers of a store whose index files are left behind."""
    with tempfile.TemporaryDirectory() as copy:
        for name, content in read(store.home).items():
            (Path(copy) / name).write_bytes(content)
        with Store(Path(copy)) as other:
            return answers(search_of(other, unexpected))


def unexpected(notice: str) -> None:
    raise AssertionError(notice)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Home]:
    first, second = (built(tmp_path_factory.mktemp("built"), year) for year in (2000, 1960))
    assert LOG in first.files and len(first.files[LOG]) > 20_000
    return first, second


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory if possible: thousands of homes are written."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else tmp_path))
    yield folder
    shutil.rmtree(folder)


def damaged(raw: bytes, other: bytes, chance: random.Random) -> bytes:
    """One damage of a file; ``other`` is the same file of another home."""
    data = bytearray(raw)
    place = chance.randrange(max(1, len(data)))
    kind = chance.randrange(8)
    if kind <= 2:
        for _ in range(chance.choice([1, 1, 2, 5])):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == 3:
        del data[place:]
    elif kind == 4:
        for _ in range(chance.choice([1, 3])):
            data[chance.randrange(min(100, len(data)))] ^= 1 << chance.randrange(8)
    elif kind == 5:
        size = chance.choice([16, 200, 4096])
        start = place // size * size
        data[start : start + size] = chance.choice([bytes(size), chance.randbytes(size), raw[:size]])
    elif kind == 6:
        return chance.choice([b"", other])
    else:
        size = chance.choice([64, 4096])
        source = chance.randrange(max(1, len(other) // size)) * size
        data[place // size * size : place // size * size + size] = other[source : source + size]
    return bytes(data)


def written(folder: Path, files: Files) -> Path:
    shutil.rmtree(folder)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def check_refusal(error: StoreError) -> None:
    """It says what to do."""
    assert any(
        way in str(error)
        for way in ("neu einlesen", "Fundstelle aktualisieren", "verschieben", "ein anderes wählen", "noch einmal")
    ), error


def outcome(home: Path, allowed: tuple[Answers, ...]) -> str:
    """Opens a damaged home; what became of it. Fails on a crash, and on wrong answers that no check explains."""
    notices: list[str] = []
    try:
        with Store(home, notify=notices.append) as store:
            found = answers(search_of(store, notices.append))
            if found in allowed:
                return "right" if not notices else "mended"
            # Found less, or in another order: allowed only if the damage can be seen.
            shown = {document for each in found for document, *_ in each}
            known = {document for state in allowed for each in state for document, *_ in each}
            if KeywordIndex(store).check():
                with pytest.raises(StoreError) as refused:
                    store.check()
                check_refusal(refused.value)
            assert {document.text for document in shown} <= {document.text for document in known} | {
                text(town, year) for town in TOWNS for year in (2000, 2001, 2010, 1960, 1961, 1970)
            }
            return "seen by the check only"
    except StoreError as error:
        check_refusal(error)
        return "refused"


def run(folder: Path, count: int, case: Callable[[random.Random, Path], str]) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for number in range(count):
        try:
            outcomes[case(random.Random(number), folder)] += 1
        except Exception as error:
            raise AssertionError(f"case {number}") from error
    print(dict(outcomes))
    return outcomes


@pytest.mark.parametrize("count", SIZES)
def test_damaged_index_files(homes: tuple[Home, Home], folder: Path, count: int) -> None:
    """Every one is found and built anew, and the answers are right."""
    home, other = homes

    def case(chance: random.Random, folder: Path) -> str:
        name = chance.choice(home.index_files)
        # The other home's file of the same kind: the names hold checksums.
        same = next(file for file in other.index_files if Path(file).suffix == Path(name).suffix)
        files = dict(home.files)
        if chance.random() < 0.1:
            del files[name]
        else:
            files[name] = damaged(files[name], other.files[same], chance)
        if chance.random() < 0.1:
            files = {file: content for file, content in files.items() if file not in home.index_files}
            files |= {file: other.files[file] for file in other.index_files}
        notices: list[str] = []
        with Store(written(folder, files)) as store:
            assert answers(search_of(store, notices.append)) == home.states[-1]
            assert answers(search_of(store, unexpected)) == home.states[-1]
        # White space and a lower generation in the manifest change nothing.
        assert notices or name == MANIFEST_NAME or files == home.files
        return "mended" if notices else "right"

    assert run(folder, count, case)["mended"] > count * 0.9


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("checked", [True, False])
def test_damaged_databases(
    homes: tuple[Home, Home], folder: Path, monkeypatch: pytest.MonkeyPatch, count: int, checked: bool
) -> None:
    """One that is too large to be read at opening is damaged only where it is read, and is refused there."""
    home, other = homes
    if not checked:
        monkeypatch.setattr(database, "CHECKED_AT_OPENING_BYTES", 0)
    with Store(written(folder, home.files)) as store:  # without a log
        assert store.article_count()
    whole = read(folder)
    with Store(written(folder, other.files)) as store:
        assert store.article_count()
    others = read(folder)

    def case(chance: random.Random, folder: Path) -> str:
        content = damaged(whole[DATABASE_NAME], others[DATABASE_NAME], chance)
        return outcome(written(folder, {**whole, DATABASE_NAME: content}), (home.states[-1], other.states[-1]))

    outcomes = run(folder, count, case)
    # Damage in what is not read, such as empty tables, harms no answer: about a third is refused, of few cases less.
    assert outcomes["refused"] > count / 6
    assert outcomes["seen by the check only"] < count / 10


@pytest.mark.parametrize("count", SIZES)
def test_damaged_logs(homes: tuple[Home, Home], folder: Path, count: int) -> None:
    """What stood in a damaged log may be lost, from some transaction on; what is left is whole."""
    home, other = homes

    def case(chance: random.Random, folder: Path) -> str:
        name = chance.choice([LOG, LOG, LOG, SHARED])
        files = dict(home.files)
        if chance.random() < 0.1:
            del files[name]
        else:
            files[name] = damaged(files[name], other.files[name], chance)
        return outcome(written(folder, files), home.states + other.states)

    assert run(folder, count, case)["refused"] < count / 2


def test_an_older_database_beside_a_newer_index(tmp_path: Path) -> None:
    """Restored from a backup it gives out ids again: the index must not take them for those it holds."""
    home, backup = tmp_path / "home", tmp_path / "backup"
    with Store(home) as store:
        put(store, text("Brest", 2000), "/a")
        index_of(store, lambda notice: None).load()
    shutil.copytree(home, backup)
    with Store(home) as store:
        put(store, text("Gomel", 2000), "/b")
        index_of(store, lambda notice: None).load()
    shutil.copy(backup / DATABASE_NAME, home)
    with Store(home) as store:
        put(store, text("Minsk", 2000), "/c")
        put(store, text("Pinsk", 2000), "/d")
        notices: list[str] = []
        index = index_of(store, notices.append)
        for ids, vectors in store.all_vectors():
            for sentence, vector in zip(ids, vectors, strict=True):
                assert index.search(vector, 1)[0] == (sentence, pytest.approx(1.0, abs=0.02))
        assert len(notices) == 1
