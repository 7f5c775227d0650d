"""Asking for digits: prompts that digits answer (switch_ivr.c, switch_ivr_play_say.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..clockwork.threads import MILLISECOND, Steps
from . import answering
from .dialplan import transfer
from .executing import parse_all_events
from .patterns import check_pattern, matches
from .playing import play
from .states import Status

if TYPE_CHECKING:
    from .channel import Channel
    from .digits import Digit

__all__ = ["collect_digits", "play_and_get_digits", "read"]


def collect_digits(
    channel: Channel,
    digits: str,
    most: int,
    terminators: str,
    first_timeout: int,
    digit_timeout: int,
) -> Steps[tuple[Status, str, str]]:
    """Collect up to ``most`` digits: the outcome, the digits, and the terminator pressed.

    Timeouts are in milliseconds, 0 for none; ``digits`` are those pressed before
    (switch_ivr_collect_digits_count).
    """
    if len(digits) >= most:
        return Status.FALSE, digits, ""
    for at, key in enumerate(digits):
        if key in terminators:
            return Status.SUCCESS, digits[:at], key
    status = Status.FALSE
    timeout = first_timeout or digit_timeout
    digit_timeout = digit_timeout or first_timeout
    began = channel.now
    while channel.is_ready():
        yield from parse_all_events(channel)
        if timeout and channel.now - began >= timeout * MILLISECOND:
            return Status.TIMEOUT, digits, ""
        if channel.digits:
            timeout, began = digit_timeout, channel.now
            taken = 0
            while channel.digits and taken <= most:
                taken += 1
                key = channel.take_digit().key
                if key in terminators:
                    return Status.SUCCESS, digits, key
                digits += key
                if len(digits) >= most:
                    return Status.SUCCESS, digits, ""
        if not channel.is_ready():
            break
        yield from channel.frames(began + timeout * MILLISECOND if timeout else None)
        status = Status.SUCCESS
    # Hung up: the status is that of the last frame, which was read well.
    return status, digits, ""


def read(
    channel: Channel,
    *,
    least: int,
    most: int,
    file: str,
    variable: str,
    timeout: int,
    terminators: str,
    digit_timeout: int,
) -> Steps[tuple[Status, str]]:
    """Play a prompt and collect digits (switch_ivr_read); timeouts are in milliseconds."""
    channel.set("read_result", None)
    if variable:
        channel.set(variable, None)
    if not (yield from answering.pre_answer(channel)):
        return Status.FALSE, ""
    pressed: list[str] = []

    def first_digit(digit: Digit) -> bool:
        pressed.append(digit.key)
        return True

    status = Status.SUCCESS
    if file and file.lower() != "silence":
        status = yield from play(channel, file, first_digit)
        if status is Status.BREAK:
            status = Status.SUCCESS
    digits, terminator = "".join(pressed), ""
    if status is Status.SUCCESS:
        digits_timeout = digit_timeout or timeout
        if len(digits) < least or len(digits) < most:
            status, digits, terminator = yield from collect_digits(
                channel,
                digits,
                most,
                terminators,
                digits_timeout if digits else timeout,
                digits_timeout,
            )
        if terminator:
            channel.set("read_terminator_used", terminator)
            at = terminators.find(terminator)
            if at > 0 and terminators[at - 1] in "+x":
                digits += terminator
                if terminators[at - 1] == "x":
                    status = Status.RESTART
        elif terminators.startswith("="):
            status = Status.TOO_SMALL
        if len(digits) < least:
            status = Status.TOO_SMALL
        results = {Status.SUCCESS: "success", Status.TIMEOUT: "timeout"}
        channel.set("read_result", results.get(status, "failure"))
    if status is not Status.RESTART and most == 1 and len(digits) == 1 and digits in terminators:
        digits = ""
    if variable and digits:
        channel.set(variable, digits)
    return status, digits


def play_and_get_digits(
    channel: Channel,
    *,
    least: int,
    most: int,
    tries: int,
    timeout: int,
    terminators: str,
    file: str,
    bad_input_file: str,
    variable: str,
    regex: str,
    digit_timeout: int,
    transfer_on_failure: str,
) -> Steps[None]:
    """Ask until the digits match, or no try is left (switch_play_and_get_digits)."""
    if regex:
        check_pattern(channel.switch, channel, regex)
        if variable:
            channel.set(f"{variable}_invalid", None)
    while channel.is_ready() and tries:
        status, digits = yield from read(
            channel,
            least=least,
            most=most,
            file=file,
            variable=variable,
            timeout=timeout,
            terminators=terminators,
            digit_timeout=digit_timeout,
        )
        if status is Status.RESTART:
            return
        if status is Status.TIMEOUT and len(digits) >= least:
            status = Status.SUCCESS
        if least == 0 and not digits and channel.get("read_terminator_used"):
            return
        if status is Status.SUCCESS and digits:
            if not regex or matches(channel.switch, channel, regex, digits):
                return
            channel.set(variable, None)
            if variable:
                channel.set(f"{variable}_invalid", digits)
        if not channel.is_ready():
            break
        yield from play(channel, bad_input_file)
        tries -= 1
    target = separate(transfer_on_failure, " ", 4)
    if target:
        transfer(channel, *target[:3])
