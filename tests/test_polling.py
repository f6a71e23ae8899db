"""bot/telegram/transport/polling.py"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import TelegramError as BotApiError

from bot.telegram.transport.inbox import Inbox
from bot.telegram.transport.polling import InboxRequest
from bot.telegram.transport.updates import MAX_UPDATE_ID, SKIP, find_problem

CHAT = {"id": 7, "type": "private"}
MESSAGE = {"message_id": 1, "date": 0, "chat": CHAT, "text": "Wer?"}


def update(number: Any, **message: Any) -> dict[str, Any]:
    return {"update_id": number, "message": {**MESSAGE, **message}}


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    inbox = Inbox(tmp_path / "telegram.db", bot=5)
    yield inbox
    inbox.close()


@pytest.fixture
def request_(inbox: Inbox) -> Iterator[InboxRequest]:
    request = InboxRequest(inbox, on_refused=lambda: None, on_answer=lambda: None)
    yield request
    asyncio.run(request.shutdown())


def parsed(request: InboxRequest, entries: list[Any]) -> list[Any]:
    result = request.parse_json_payload(json.dumps({"ok": True, "result": entries}).encode())["result"]
    assert isinstance(result, list)
    return result


def test_valid_updates_pass_and_lie_in_the_inbox(request_: InboxRequest, inbox: Inbox) -> None:
    assert parsed(request_, [update(1), update(2)]) == [update(1), update(2)]
    assert [json.loads(item.body) for item in inbox.waiting()] == [update(1), update(2)]


def test_a_malformed_update_moves_the_offset_on_and_is_kept_aside(request_: InboxRequest, inbox: Inbox) -> None:
    bad = {"update_id": 2, "message": {"message_id": 1}}
    assert parsed(request_, [update(1), bad]) == [update(1), {"update_id": 2, SKIP: True}]
    assert [json.loads(item.body) for item in inbox.rejected()] == [bad]


def test_what_comes_again_is_not_handled_again(request_: InboxRequest, inbox: Inbox) -> None:
    parsed(request_, [update(1)])
    assert parsed(request_, [update(1), update(2)]) == [{"update_id": 1, SKIP: True}, update(2)]


@pytest.mark.parametrize("number", [None, "3", 3.5, True, 0, -1, MAX_UPDATE_ID + 1, 10**30, [], {}])
def test_a_number_that_is_none_never_becomes_the_offset(request_: InboxRequest, inbox: Inbox, number: Any) -> None:
    assert parsed(request_, [update(1), update(number)]) == [update(1)]
    assert len(inbox.rejected()) == 1


def test_the_last_update_in_the_list_has_the_highest_number(request_: InboxRequest) -> None:
    assert [item["update_id"] for item in parsed(request_, [update(9), update(3), {"update_id": 5, "message": 1}])] == [
        *(3, 5, 9)
    ]


def test_only_unnumbered_updates_are_an_error_not_a_tight_loop(request_: InboxRequest) -> None:
    with pytest.raises(BotApiError, match="without a number"):
        parsed(request_, ["what", 3])


@pytest.mark.parametrize(
    "payload",
    [b"", b"<html>Bad Gateway</html>", b"[]", b"null", b'{"ok": true}', b'{"ok": true, "result": {}}', b"[" * 100_000],
)
def test_an_answer_that_is_not_the_bot_api_s_is_an_error(request_: InboxRequest, payload: bytes) -> None:
    with pytest.raises(BotApiError):
        request_.parse_json_payload(payload)


def test_a_number_of_absurd_length_spoils_only_its_update(request_: InboxRequest) -> None:
    batch = json.dumps({"ok": True, "result": [update(1), update(2)]}).replace(
        '"update_id": 2', '"update_id": 1' + "0" * 9999
    )
    assert request_.parse_json_payload(batch.encode())["result"] == [update(1)]


@pytest.mark.parametrize("odd", [b"\xff", b"\x01", b"\\ud800", b"NaN"])
def test_odd_bytes_in_a_text_do_not_spoil_it(request_: InboxRequest, odd: bytes) -> None:
    payload = json.dumps({"ok": True, "result": [update(1), update(2)]}).encode().replace(b"Wer?", b"Wer? " + odd, 1)
    assert [entry["update_id"] for entry in request_.parse_json_payload(payload)["result"]] == [1, 2]


def test_what_can_be_read_of_an_answer_that_stays_broken(request_: InboxRequest, inbox: Inbox) -> None:
    said = update(3, text='{"update_id": 9, "message": {}}')
    updates = [json.dumps(entry).encode() for entry in (update(1), update(2), said)]
    updates[1] = updates[1].replace(b"Wer?", b'Wer"?')
    payload = b'{"ok": true, "result": [' + b", ".join(updates) + b"]}"
    for _ in range(2):  # It may have been the network's fault.
        with pytest.raises(BotApiError, match="not JSON"):
            request_.parse_json_payload(payload)
    assert request_.parse_json_payload(payload)["result"] == [update(1), {"update_id": 2, SKIP: True}, said]
    assert [item.update_id for item in inbox.waiting()] == [1, 3]
    assert 'Wer\\"?' in inbox.rejected()[0].body
    assert parsed(request_, [update(4)]) == [update(4)]
    with pytest.raises(BotApiError, match="not JSON"):
        request_.parse_json_payload(payload)


@pytest.mark.parametrize(
    "payload", [b"<html>502 Bad Gateway</html>", b"", b'{"ok": true, "result": [{"update', b"\xff" * 9]
)
def test_a_broken_answer_without_any_update_is_asked_for_again(request_: InboxRequest, payload: bytes) -> None:
    for _ in range(5):
        with pytest.raises(BotApiError, match="not JSON"):
            request_.parse_json_payload(payload)


def test_the_server_s_refusals_keep_their_description(request_: InboxRequest) -> None:
    answer = request_.parse_json_payload(b'{"ok": false, "description": "Conflict", "parameters": "odd"}')
    assert (answer["description"], answer["parameters"]) == ("Conflict", {})


def test_an_inbox_that_cannot_be_written_keeps_the_offset(
    request_: InboxRequest, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> set[int]:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(inbox, "take", full)
    with pytest.raises(BotApiError, match="inbox cannot be written"):
        parsed(request_, [update(1)])


@pytest.mark.parametrize(
    "entry",
    [
        {"update_id": 1, "message": {**MESSAGE, "text": 5}},
        {"update_id": 1, "message": {**MESSAGE, "chat": "privat"}},
        {"update_id": 1, "message": {**MESSAGE, "chat": None}},
        {"update_id": 1, "message": {**MESSAGE, "chat": {"id": [1], "type": "private"}}},
        {"update_id": 1, "message": {**MESSAGE, "date": "gestern"}},
        {"update_id": 1, "message": {**MESSAGE, "from": {"id": 7}}},
        {"update_id": 1, "message": {**MESSAGE, "from": {"id": "7", "is_bot": False, "first_name": "A"}}},
        {"update_id": 1, "message": {**MESSAGE, "entities": [{"type": "bold", "offset": "0", "length": 1}]}},
        {"update_id": 1, "message": {**MESSAGE, "entities": 3}},
        {"update_id": 1, "callback_query": {"id": "1", "data": "more"}},
        {"update_id": 1, "callback_query": {"id": "1", "data": "more", "from": {}, "chat_instance": "1"}},
        {"update_id": 1, "inline_query": {"id": "1", "query": "Wer?", "offset": "", "from": {}}},
        {"update_id": 1, "message": []},
        {"update_id": 1, "message": "Hallo"},
        "Hallo",
        None,
        [1],
    ],
)
def test_problem_names_what_cannot_be_handled(entry: Any) -> None:
    assert find_problem(entry)


@pytest.mark.parametrize(
    "entry",
    [update(1), {"update_id": 1}, {"update_id": 1, "something_new": {"a": 1}}, update(1, new_field=[1, 2])],
)
def test_unknown_fields_are_no_problem(entry: Any) -> None:
    assert find_problem(entry) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*MESSAGE, "from", "id"]), inner),
    max_leaves=8,
)


@given(_JSON)
def test_problem_never_raises(value: Any) -> None:
    find_problem({"update_id": 1, "message": value})
    find_problem(value)
