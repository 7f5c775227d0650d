"""Finds the variables of a function that will still be read, at a point where it waits.

A variable that is never read again can't affect a handler: situations that differ only in such
variables are the same. The analysis goes backwards through the bytecode, from reads to writes.
"""

from __future__ import annotations

import dis
import sys
from bisect import bisect_right
from functools import lru_cache
from types import CodeType

__all__ = ["live_names"]

#: Instructions that end a statement, or nearly.
ENDS_STATEMENT = ("STORE_", "POP_", "RETURN_", "JUMP_", "DELETE_", "FOR_ITER", "RAISE_")
#: Instructions that never continue with the next one.
GOES_AWAY = ("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_ABSOLUTE", "RETURN_", "RAISE_", "RERAISE")


def live_names(code: CodeType, offset: int) -> frozenset[str]:
    """The variables that are still read after the instruction at ``offset`` has returned.

    Variables shared with other functions (closures) always count, and so does a ``for`` loop's
    variable, which shows the loop's progress.
    """
    offsets, live = _live(code)
    # A call is at its own offset or, until it returns, in the cache after it (3.11).
    return live[bisect_right(offsets, offset) - 1]


@lru_cache(maxsize=1024)
def _live(code: CodeType) -> tuple[list[int], list[frozenset[str]]]:
    """The offsets of the instructions, and the variables that are read after each."""
    instructions = list(dis.get_instructions(code))
    index = {each.offset: number for number, each in enumerate(instructions)}
    shared = frozenset(code.co_cellvars + code.co_freevars)
    reads, writes, after = [], [], []
    for number, each in enumerate(instructions):
        read, written = _effects(each)
        reads.append(read)
        writes.append(written)
        goes: set[int] = set()
        if not each.opname.startswith(GOES_AWAY):
            goes.add(number + 1)
        if each.opcode in dis.hasjrel or each.opcode in dis.hasjabs:
            goes.add(index[each.argval])
        after.append(goes)
    handlers = _handlers(code, instructions, index)
    loops = _loops(instructions, index)
    held = _held(instructions, reads)
    before: list[frozenset[str]] = [frozenset()] * (len(instructions) + 1)
    behind: list[frozenset[str]] = [frozenset()] * len(instructions)
    changed = True
    while changed:
        changed = False
        for number in reversed(range(len(instructions))):
            later = loops[number].union(*(before[goes] for goes in after[number]))
            caught = frozenset[str]().union(*(before[goes] for goes in handlers[number]))
            behind[number] = later | caught
            now = reads[number] | (later - writes[number]) | caught
            if now != before[number]:
                before[number] = now
                changed = True
    return [each.offset for each in instructions], [
        names | on_stack | shared for names, on_stack in zip(behind, held, strict=True)
    ]


def _effects(instruction: dis.Instruction) -> tuple[frozenset[str], frozenset[str]]:
    """The names that an instruction reads and writes. Some do both (3.12, 3.13)."""
    name, names = instruction.opname, instruction.argval
    if "_FAST" not in name:
        return frozenset(), frozenset()
    if isinstance(names, str):
        names = (names,)
    kinds = [word for word in name.split("_") if word in ("LOAD", "STORE", "DELETE")]
    kinds += kinds[-1:] * (len(names) - len(kinds))
    pairs = list(zip(kinds, names, strict=False))
    stored = frozenset(each for kind, each in pairs if kind != "LOAD")
    loaded: set[str] = set()
    for number, (kind, each) in enumerate(pairs):
        if kind == "LOAD" and ("STORE", each) not in pairs[:number]:
            loaded.add(each)
    return frozenset(loaded), stored


def _held(instructions: list[dis.Instruction], reads: list[frozenset[str]]) -> list[frozenset[str]]:
    """For each instruction: the names that its statement has read by then, and still uses.

    In ``pin += channel.wait("DTMF").digit`` the old pin has been read before the wait.
    """
    found: list[frozenset[str]] = []
    held: frozenset[str] = frozenset()
    for number, each in enumerate(instructions):
        if each.opname.startswith(ENDS_STATEMENT):
            held = frozenset()
        held |= reads[number]
        found.append(held)
    return found


def _handlers(
    code: CodeType, instructions: list[dis.Instruction], index: dict[int, int]
) -> list[set[int]]:
    """For each instruction: the possible targets of an exception in it."""
    found: list[set[int]] = [set() for _ in instructions]
    if sys.version_info >= (3, 11):
        for entry in dis.Bytecode(code).exception_entries:  # type: ignore[attr-defined]
            target = index[entry.target]
            for number, each in enumerate(instructions):
                if entry.start <= each.offset < entry.end:
                    found[number].add(target)
        return found
    # Before 3.11 the target is known only at run time: it may be any exception handler.
    targets = {
        index[each.argval]
        for each in instructions
        if each.opname in ("SETUP_FINALLY", "SETUP_WITH")
    }
    return [targets for _ in instructions]


def _loops(instructions: list[dis.Instruction], index: dict[int, int]) -> list[frozenset[str]]:
    """For each instruction: the variables of the loops around it."""
    found: list[frozenset[str]] = [frozenset()] * len(instructions)
    for number, each in enumerate(instructions):
        if each.opname != "FOR_ITER":
            continue
        given: set[str] = set()
        for later in instructions[number + 1 :]:
            given |= _effects(later)[1]
            if "STORE_FAST" not in later.opname and not later.opname.startswith("UNPACK"):
                break
        end = index[each.argval]
        for inside in range(number + 1, end):
            found[inside] = found[inside] | given
    return found
