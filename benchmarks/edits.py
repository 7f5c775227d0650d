"""Edits of the examples, as people make them, and what `explore --against` says of each.

python benchmarks/edits.py              # the table in benchmarks/README.md
python benchmarks/edits.py --only pin   # the edits of one file, with all that is said

The exit status is 1 if nothing is said of an edit, or anything of a refactoring.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from simulator import explore  # noqa: E402
from simulator.exploring.behaviour import Behaviour  # noqa: E402
from simulator.exploring.changes import changes  # noqa: E402

#: The keys that callers press.
KEYS = {"ivr": "12345", "pin": "12#", "consent": "12*", "conference": "1#"}
#: Most characters of a cell in the table.
WIDE = 150


@dataclass(frozen=True)
class Edit:
    """Texts that are put in the place of others in an example."""

    file: str
    what: str
    old: str
    new: str
    more: tuple[tuple[str, str], ...] = ()

    def of(self, source: str) -> str:
        for old, new in ((self.old, self.new), *self.more):
            if old not in source:
                raise ValueError(f"{self.file}, {self.what}: {old!r} is not there")
            source = source.replace(old, new)
        return source


FIVE = '    @channel.on_dtmf("5")\n    def option5(digit: str) -> None:\n'
FIVE += '        channel.playback("ivr/ivr-option-5")\n\n'
WELCOME = '    channel.playback("ivr/ivr-welcome")\n'
EDITS = (
    Edit("ivr", "a renamed prompt", '"ivr/ivr-option-1"', '"ivr/ivr-option-9"'),
    Edit(
        "ivr",
        "two keys swapped",
        'dtmf("1")',
        'dtmf("x")',
        (('dtmf("2")', 'dtmf("1")'), ('dtmf("x")', 'dtmf("2")')),
    ),
    Edit("ivr", "a slower timeout", "timeout=10.0", "timeout=20.0"),
    Edit("ivr", "another cause", "channel.hangup()", 'channel.hangup("USER_BUSY")'),
    Edit("ivr", "the exit removed", "    channel.hangup()", "    handler(session)"),
    Edit("ivr", "a new option", WELCOME, FIVE + WELCOME),
    Edit("ivr", "an option removed", '    @channel.on_dtmf("2")\n', ""),
    Edit("ivr", "a prompt in between", WELCOME, WELCOME.replace("welcome", "news") + WELCOME),
    Edit("ivr", "no word at the timeout", 'channel.playback("ivr/ivr-timeout")', "pass"),
    Edit("business_hours", "other hours", "time(18))] * 4", "time(19))] * 4"),
    Edit("business_hours", "another far end", "user/1000", "user/2000"),
    Edit("business_hours", "rings longer", "RING_SECONDS = 20", "RING_SECONDS = 30"),
    Edit("business_hours", "another key", 'MESSAGE_KEY = "1"', 'MESSAGE_KEY = "2"'),
    Edit("business_hours", "a try less", "tries=3", "tries=2"),
    Edit("business_hours", "shorter messages", "LONGEST_SECONDS = 180", "LONGEST_SECONDS = 60"),
    Edit("business_hours", "another folder", "/var/spool/messages", "/var/spool/other"),
    Edit(
        "business_hours", "no beep", '        channel.playback("tone_stream://%(500,0,640)")\n', ""
    ),
    Edit("pin", "a try more", "TRIES = 3", "TRIES = 4"),
    Edit("pin", "longer PINs", "SHORTEST, LONGEST = 4, 8", "SHORTEST, LONGEST = 5, 8"),
    Edit("pin", "another key confirms", 'CONFIRM_KEY = "1"', 'CONFIRM_KEY = "2"'),
    Edit("consent", "recorded without consent", " == CONSENT_KEY:", " != CONSENT_KEY:"),
    Edit("consent", "never recorded", "    channel.record_session(file)\n", ""),
    Edit("conference", "another PIN", 'PIN = "4711"', 'PIN = "4712"'),
    Edit("conference", "another room", 'ROOM = "3000"', 'ROOM = "3001"'),
)
TABLE = """    for key in "1234":
        channel.on_dtmf(key)(lambda digit: channel.playback(f"ivr/ivr-option-{digit}"))

"""
OPTIONS = "".join(
    f'    @channel.on_dtmf("{key}")\n    def option{key}(digit: str) -> None:\n'
    f'        channel.playback("ivr/ivr-option-{key}")\n\n'
    for key in "1234"
)
OPEN = "    return hours is not None and hours[0] <= now.time() < hours[1]"
CONNECT = """
def connect(channel: Channel) -> None:
    channel.playback("ivr/ivr-hold_connect_call")
    if channel.bridge(DESK, ring_timeout=RING_SECONDS).answered:
        return
    offer_message(channel, "office/busy_press_1_for_message")


if __name__"""
ELSE = """        channel.playback("ivr/ivr-hold_connect_call")
        if not channel.bridge(DESK, ring_timeout=RING_SECONDS).answered:
            offer_message(channel, "office/busy_press_1_for_message")
"""
AGAIN = "        return ask_for_pin(channel, left - 1)\n"
REFACTORINGS = (
    Edit("ivr", "other names, other lines", "option1", "first",
         (("from eslsync", "# new\n\nfrom eslsync"),)),
    Edit("ivr", "callbacks from a loop", OPTIONS, TABLE),
    Edit("business_hours", "a function more", ELSE, "        connect(channel)\n",
         (("\nif __name__", CONNECT),)),
    Edit("business_hours", "a condition in steps", OPEN,
         "    if hours is None:\n        return False\n    opens, closes = hours\n"
         "    return opens <= now.time() < closes"),
    Edit("pin", "while for for", "    for _ in range(TRIES):\n",
         "    tried = 0\n    while tried < TRIES:\n        tried += 1\n"),
    Edit("pin", "a call of itself for a loop", "    for _ in range(TRIES):\n", "    if left:\n",
         (("ask_for_pin(channel: Channel)", "ask_for_pin(channel: Channel, left: int = TRIES)"),
          ("    return None\n", f"{AGAIN}    return None\n"))),
    Edit("consent", "names for values", '"ivr/ivr-im_sorry"', "SORRY",
         (("ASK_SECONDS = 5.0", 'ASK_SECONDS = 5.0\nSORRY = "ivr/ivr-im_sorry"'),)),
)  # fmt: skip


def looked_at(file: str, source: str, name: str) -> Behaviour:
    """What callers can do with an example of that source, in a file of another name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.py"
        path.write_text(source, encoding="utf-8")
        return explore(path, keys=KEYS.get(file, "12"), expect=[]).behaviour


def said(edits: Sequence[Edit]) -> Iterator[tuple[Edit, list[str]]]:
    """What is said of each edit."""
    originals: dict[str, Behaviour] = {}
    for edit in edits:
        source = (ROOT / "examples" / f"{edit.file}.py").read_text(encoding="utf-8")
        if edit.file not in originals:
            originals[edit.file] = looked_at(edit.file, source, edit.file)
        now = looked_at(edit.file, edit.of(source), "edited")
        yield edit, [str(each) for each in changes(originals[edit.file], now)]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", default="", help="edits of files whose name begins so")
    options = parser.parse_args()
    edits = [
        edit for edit in sorted((*EDITS, *REFACTORINGS), key=lambda each: each.file)
        if edit.file.startswith(options.only)
    ]  # fmt: skip
    wrong = 0
    rows = []
    for edit, told in said(edits):
        wrong += (edit in REFACTORINGS) is bool(told)
        if options.only:
            print(f"\n{edit.file}: {edit.what}", *(f"  {each}" for each in told), sep="\n")
        cell = told[0] if told else "nothing"
        cell = cell if len(cell) <= WIDE else f"{cell[: WIDE - 1]}…"
        more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
        what = f"*{edit.what}*" if edit in REFACTORINGS else edit.what
        rows.append(f"| `{edit.file}` | {what} | {cell}{more} |")
    if not options.only:
        print("| file | edit | what is said |", "|---|---|---|", *rows, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
