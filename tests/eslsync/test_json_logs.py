"""Lines of the log as JSON."""

from __future__ import annotations

import json
import logging

import pytest

from eslsync.json_logs import JsonFormatter
from eslsync.logs import CallFilter


def line(record: logging.LogRecord) -> dict[str, object]:
    CallFilter().filter(record)
    told: dict[str, object] = json.loads(JsonFormatter().format(record))
    return told


def record(**attributes: object) -> logging.LogRecord:
    given = {
        "name": "ivr",
        "levelno": 30,
        "levelname": "WARNING",
        "msg": "late by %d s",
        "args": (3,),
    }
    return logging.makeLogRecord({**given, **attributes})


def test_a_record_is_one_line_with_what_it_was_given() -> None:
    told = line(record(order=17, msg="two\nlines \x1b[0m", args=()))
    assert told.pop("timestamp")
    assert told == {
        "level": "WARNING",
        "logger": "ivr",
        "message": "two\nlines \x1b[0m",
        "order": 17,
    }
    assert "\n" not in JsonFormatter().format(record(msg="two\nlines", args=()))


def test_a_record_of_a_call_has_its_facts() -> None:
    told = line(record(uuid="12-34", caller="1001", destination=""))
    assert (told["message"], told["uuid"], told["caller"]) == ("late by 3 s", "12-34", "1001")
    assert "destination" not in told


def test_the_traceback_is_a_field() -> None:
    try:
        raise ValueError("wrong")
    except ValueError as error:
        told = line(record(exc_info=(type(error), error, error.__traceback__)))
    assert str(told["exc_info"]).endswith("ValueError: wrong")


CIRCLE: dict[str, object] = {}
CIRCLE["itself"] = CIRCLE


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({("a", 1): 2}, "{('a', 1): 2}"),
        (CIRCLE, "{'itself': {'itself': "),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
    ],
    ids=["key", "circle", "nan", "infinity"],
)
def test_no_line_is_lost_for_what_json_can_not_say(value: object, said: str) -> None:
    told = line(record(extra=value, order=17))
    assert (told["message"], told["order"]) == ("late by 3 s", 17)
    assert str(told["extra"]).startswith(said)
