"""The Telegram bot in bad weather. Each test in short; with the marker ``soak`` (make soak) in full."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.telegram.transport.inbox import Inbox
from tests.botapi import TOKEN, BotApi, Pace
from tests.botapi.updates import encoded
from tests.telegram_bot import RunningBot
from tests.test_telegram import malformed
from tests.test_telegram_process import Start, answered
from tests.test_telegram_process import start as start

MALFORMED = [300, pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(1500)])]
# Chats, messages a second, seconds.
TRAFFIC = [(10, 10, 4), pytest.param((50, 30, 600), marks=[pytest.mark.soak, pytest.mark.timeout(1200)])]
# Seconds without updates, and in how many the bot has to be back.
OUTAGE = [(1.5, 5), pytest.param((60, 30), marks=[pytest.mark.soak, pytest.mark.timeout(300)])]
NOISE = [b"", b"\xff", b'"', b"{", b"}", b"\\", b"\x00", b"9"]


def spoilt(number: int, chance: random.Random) -> bytes:
    """A message with some bytes changed, cut out or doubled, but for its number: often no JSON any more."""
    head = b'{"update_id": %d, ' % number
    message = {"message_id": 1, "date": 0, "chat": {"id": 7, "type": "private"}, "text": 'Wer {ist} "das"?'}
    body = bytearray(encoded({"message": message})[1:])
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(body))
        body[place : place + chance.randint(0, 2)] = chance.choice(NOISE)
    return head + bytes(body)


@pytest.mark.parametrize("count", MALFORMED)
def test_malformed_updates(api: BotApi, tmp_path: Path, count: int) -> None:
    chance, asked = random.Random(17), set()
    for number in range(count):
        if number % 10 == 9:
            asked.add(api.text(f"Frage {number}", user=100 + number % 40))
        elif number % 3:
            api.push_raw(lambda update_id, kind=number: malformed(kind, update_id))
        else:
            api.push_raw(lambda update_id: spoilt(update_id, chance))
    asked.add(api.text("Zuletzt", user=99))
    with RunningBot(tmp_path, api.url):
        api.wait(lambda: asked <= set(answered(api)), count / 10 + 20)
    assert max(answered(api)[number] for number in asked) == 1
    inbox = Inbox(tmp_path / "telegram.db", bot=int(TOKEN.split(":")[0]))
    assert len(inbox.rejected()) > min(count, 1000) / 4
    inbox.close()


@pytest.fixture
def paced() -> Iterator[BotApi]:
    with BotApi(pace=Pace()) as api:
        yield api


def resident(pid: int) -> int:
    """The memory of a process, in kilobytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


@pytest.mark.parametrize("traffic", TRAFFIC)
def test_steady_traffic_in_telegram_s_pace(
    paced: BotApi, start: Start, tmp_path: Path, traffic: tuple[int, int, int]
) -> None:
    chats, rate, seconds = traffic
    bot = start(0.001, "log_level=WARNING", url=paced.url)
    paced.text("Wer?", user=99)
    paced.wait(lambda: paced.sent(99), 60)
    asked, began, at_first = set(), time.monotonic(), 0
    for number in range(rate * seconds):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        asked.add(paced.text(f"Frage {number}", user=100 + number % chats))
        if number == rate * seconds // 4:
            at_first = resident(bot.pid)
    paced.wait(lambda: asked <= set(answered(paced)), 60)
    grown = resident(bot.pid) / at_first - 1
    assert grown < 0.05
    assert max(answered(paced).values()) == 1
    log = (tmp_path / "log").read_text()
    assert "ERROR" not in log and "could not be answered" not in log


@pytest.mark.parametrize("outage", OUTAGE)
def test_an_outage_of_polling(api: BotApi, tmp_path: Path, outage: tuple[float, float]) -> None:
    seconds, back_within = outage
    with RunningBot(tmp_path, api.url):
        api.text("Wer?")
        api.wait(lambda: api.sent())
        api.fail("getUpdates", code=502, times=10_000, seconds=seconds)
        asked = api.text("Wo?")
        time.sleep(seconds)
        assert answered(api)[asked] == 0 or len(api.calls("getUpdates", code=502)) > 0
        api.wait(lambda: answered(api)[asked], back_within)
    assert answered(api)[asked] == 1


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_reply_whose_connection_drops_is_sent_again(api: BotApi, tmp_path: Path, drop: str) -> None:
    with RunningBot(tmp_path, api.url):
        api.fail("sendMessage", drop=drop, times=2)
        asked = api.text("Wer?")
        api.wait(lambda: answered(api)[asked] == (1 if drop == "before" else 3))
        api.text("Wo?")
        api.wait(lambda: len(answered(api)) == 2)
    assert answered(api)[asked] == (1 if drop == "before" else 3)
