"""A call that was made by telephone, as a ladder, as a test and as a recording."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eslsync.protocol import ConnectReply, Parser
from eslsync.serving.recorder import circumstances, encoded, stem

from ..ladders.text import draw
from ..ladders.transcript import Entry
from ..scripts.script import USUAL_DESTINATION, USUAL_NUMBER, Script
from .player import Player

__all__ = ["as_recording", "as_test", "ladder", "stem_of"]

#: Characters of a line of a ladder.
WIDTH = 96

#: The script's handler is beside the test; errors name a line of CALL.
TEMPLATE = '''"""A call that was made by telephone, from {caller} to {destination}."""

from pathlib import Path

from simulator.scripts.script import Script

CALL = """\\
{script}"""


def test_{name}() -> None:
    Script.parse(CALL, Path(__file__).with_name("CALL")).run()
'''


def ladder(entries: Iterable[Entry]) -> str:
    """The ladder, as text whose lines stay as they are when there are more of them."""
    return draw(entries, width=WIDTH, grows=True)


def as_test(script: Script, *, heard: Sequence[str], cause: str | None) -> str:
    """The source of a test for pytest: the same call has the same prompts, and the same end.

    ``cause`` is None while the call is up.
    """
    expect = {} if cause is None else {"cause": str(cause)}
    expected = replace(script, expect={**expect, "heard": list(heard)})
    return TEMPLATE.format(
        caller=quoted(str(script.call.get("caller", USUAL_NUMBER))),
        destination=quoted(str(script.call.get("destination", USUAL_DESTINATION))),
        script=quoted(expected.dump()),
        name=stem_of(script),
    )


def as_recording(player: Player) -> list[str]:
    """The lines of a recording of its control connection (docs/guides/recordings.md).

    No lines if there was no such connection, or several, one after the other.
    """
    said = player.wire
    parser = Parser()
    replies = (m for each in said if each.sender == "switch" for m in parser.feed(each.data))
    reply = next((each for each in replies if isinstance(each, ConnectReply)), None)
    if reply is None:
        return []
    lines: list[dict[str, Any]] = [circumstances(reply, stem(reply), ())]
    for each in said:
        at = round(each.at - said[0].at, 6)
        lines.append({"t": at, "from": each.sender, "data": each.data.decode("latin-1")})
    end = lines[-1]["t"]
    if player.ended:
        lines += [{"t": end, "from": side, "eof": True} for side in ("app", "switch")]
    else:
        lines.append({"t": end, "truncated": "it was kept while the call was up"})
    return [encoded(each).decode() for each in lines]


def stem_of(script: Script) -> str:
    """What files and tests of its calls are named after: its handler's file or module."""
    return re.sub(r"\W+", "_", Path(script.handler).stem) or "call"


def quoted(text: str) -> str:
    """As it stands between triple quotes."""
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
