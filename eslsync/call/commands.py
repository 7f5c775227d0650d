"""The commands of the event socket, as methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..clock import Clock
from ..wire.arguments import (
    check_header,
    check_line,
    check_name,
    check_uuid,
    check_value,
    variable_name,
)
from ..wire.enums import check_event_name
from ..wire.exceptions import CommandError, ProtocolError
from ..wire.message import ApiResponse, CommandReply, Format
from ..wire.redaction import Redactor
from .connection import Connection
from .job import Job
from .waiting import Waiting

if TYPE_CHECKING:
    from .leg import Leg

__all__ = ["Commands"]


class Commands(Waiting):
    """A conversation, and what can be said in it."""

    __slots__ = ("_format", "_hears_jobs")

    def __init__(
        self, connection: Connection, clock: Clock, redact: Redactor | None = None
    ) -> None:
        super().__init__(connection, clock, redact)
        self._format: Format = "plain"
        self._hears_jobs = False

    def send(
        self,
        command: str,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        *,
        timeout: float | None = None,
    ) -> CommandReply | ApiResponse:
        """Send a command, such as ``"filter Unique-ID <uuid>"``; wait for its reply.

        The command is FreeSWITCH's own language, and is sent as it is; so are the values of
        headers, but an empty one is none to FreeSWITCH.

        Raises CommandError if the reply is ``-ERR ...``, ValueError for line breaks and NUL in
        the command or a header, NUL in the body, and a header that FreeSWITCH would read as
        another, TimeoutError after ``timeout`` seconds (a late reply is dropped), and Hangup or
        Disconnected if the connection ends first.
        """
        for name, value in (headers or {}).items():
            check_header(name, value)
        if "\0" in body:
            raise ValueError("NUL can't be sent: FreeSWITCH takes it for the end of the body")
        return self._command(command, tuple((headers or {}).items()), timeout, body)

    def sendmsg(
        self,
        call_command: str,
        headers: Mapping[str, str] | None = None,
        *,
        uuid: str | None = None,
        timeout: float | None = None,
    ) -> CommandReply:
        """Send ``sendmsg`` with ``call-command: <call_command>`` and more headers.

        For the call's own channel, or for the one that ``uuid`` names. The reply ``+OK`` means
        that FreeSWITCH has queued the message, and no more (recording 08a); `Channel.execute`
        waits for the application itself. Raises what `send` raises.
        """
        line = f"sendmsg {check_uuid(uuid)}" if uuid else "sendmsg"
        all_headers = {"call-command": call_command, **(headers or {})}
        for name, value in all_headers.items():
            check_header(name, value)
        reply = self._command(line, tuple(all_headers.items()), timeout)
        if not isinstance(reply, CommandReply):
            raise ProtocolError("an api response to a sendmsg")
        return reply

    def api(self, command: str, *, timeout: float | None = None) -> str:
        """Run an api command; return what it printed, without the last line break.

        The command is in FreeSWITCH's own language, and is sent as it is. FreeSWITCH takes off
        the blanks at its ends; a line break or NUL in it is a ValueError.

        It holds back every other reply and event of this call until it is done (recording
        09f): for what takes time, use `bgapi`. Raises CommandError if it printed ``-ERR`` or
        ``-USAGE``, and what `send` raises.
        """
        return self._command(f"api {command}", timeout=timeout).text

    def bgapi(self, command: str, *, timeout: float | None = None) -> Job:
        """Start an api command in the background; its `Job` waits for the result.

        The command is as for `api`.
        ``timeout`` (seconds) is for the reply that it has started. Raises what `send` raises.
        """
        check_line(command)
        if not self._hears_jobs:
            if self._subscription.filtered or not self._subscription.on:
                # A filter on Unique-ID hides BACKGROUND_JOB; this lets our own through (09g).
                # Where there is none, or myevents (05i), a first filter would hide the rest.
                self.send(f"filter Job-Owner-UUID {self.uuid}", timeout=timeout)
            self.send(f"event {self._format} BACKGROUND_JOB", timeout=timeout)
            self._hears_jobs = True
        job = Job(self, command, self._new_id())
        self._jobs[job.uuid] = job
        try:
            self._command(f"bgapi {command}", (("Job-UUID", job.uuid),), timeout)
        except BaseException:
            self._jobs.pop(job.uuid, None)
            raise
        return job

    def filter(self, header: str, value: str) -> None:
        """Let events through whose ``header`` is ``value``, besides those let through already.

        Filters are ORed; a leading ``-`` on the value excludes, and ``/.../`` is a regular
        expression (recording 14e); otherwise letter case doesn't matter. Raises ValueError for
        a header of several words and an empty value, and what `send` raises.
        """
        self.send(f"filter {_header(header)} {_filtered(value)}")

    def filter_delete(self, header: str, value: str | None = None) -> None:
        """Take a filter back: this one, or all of the header; ``"all"`` for every one (14e).

        Without ``value``, all of that header. Raises what `send` raises.
        """
        words = ["filter delete", _header(header)]
        if value is not None:
            words.append(_filtered(value))
        self.send(" ".join(words))

    def getvar(self, name: str, *, timeout: float | None = None) -> str | None:
        """The command ``getvar``: a variable of the channel on the socket; None if not set.

        It works on every socket, and after the hangup, but a value is cut at 511 bytes and
        must not hold a line break (recordings 07e, 14f): see `Channel.get_variable`. Raises
        what `send` raises, CommandError apart.
        """
        reply = self._exchange(f"getvar {variable_name(name)}", timeout=timeout)
        return None if reply.text == "-ERR command not found" else reply.text

    def linger(self, seconds: int | None = None) -> None:
        """Keep the connection open after the hangup: so many seconds, or until it is closed.

        The library has it done at the start, unless ``Outbound(linger=False)``. Raises what
        `send` raises (recordings 12e, 01a).
        """
        self.send("linger" if seconds is None else f"linger {int(seconds)}")

    def nolinger(self) -> None:
        """Have the switch close the connection at the hangup. Raises what `send` raises."""
        self.send("nolinger")

    def divert_events(self, on: bool = True) -> None:
        """Send events here that would go to an embedded script (``divert_events``; 05c).

        Raises what `send` raises.
        """
        self.send(f"divert_events {'on' if on else 'off'}")

    def myevents(self) -> None:
        """Subscribe to the channel's own events (``myevents``), a choice of the switch's.

        PLAYBACK_*, RECORD_*, CUSTOM and more are not among them (recording 05a). The library
        subscribes at the start, see `Outbound`. Raises what `send` raises: CommandError where
        it has been done before.
        """
        self.send(self._myevents)

    def log(self, level: str | int = "debug") -> None:
        """Have the switch's log sent here as well (``log``; recording 12i).

        The lines go to the library's logger, at its level DEBUG. Raises what `send` raises.
        """
        self.send(f"log {check_name('level', str(level), ' ')}")

    def nolog(self) -> None:
        """The switch's log no longer (``nolog``). Raises what `send` raises."""
        self.send("nolog")

    def sendevent(
        self,
        name: str,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        *,
        timeout: float | None = None,
    ) -> None:
        """Fire an event of one's own (``sendevent``; recording 09d).

        ``"CUSTOM <subclass>"`` names a custom event. One with the Unique-ID of a channel that
        is up is handed to that channel's session instead of to everybody (mod_event_socket.c,
        parse_command). Raises ValueError for a name that FreeSWITCH doesn't know, and what
        `send` raises.
        """
        name, _, subclass = name.partition(" ")
        check_event_name(name)
        first = {"Event-Subclass": subclass} if subclass else {}
        self.send(f"sendevent {name}", {**first, **(headers or {})}, body, timeout=timeout)

    def resume(self) -> None:
        """Have the dialplan go on when the connection ends, cutting what runs then (``resume``).

        It goes on without that as well, but what runs and what is queued is finished first
        (recordings 12b, 12c, 12q). Raises what `send` raises.
        """
        self.send("resume")

    # What the library itself asks for

    @property
    def _myevents(self) -> str:
        return "myevents" if self._format == "plain" else f"myevents {self._format}"

    def _subscribe_to(self, *names: str) -> None:
        """Have these events told as well, where they are not yet."""
        missing = self._subscription.missing(*names)
        if missing:
            self.send(f"event {self._format} {' '.join(sorted(missing))}")

    def _ask_variable(self, leg: Leg, name: str, timeout: float | None) -> str | None:
        if self._full:
            reply = self._exchange(f"api uuid_getvar {leg.uuid} {name}", timeout=timeout)
            if reply.body == "_undef_":
                return None
            if reply.body != "-ERR No such channel!\n":
                return reply.body
            if leg is not self.channel:
                raise CommandError(f"api uuid_getvar {leg.uuid} {name}", reply, reply.body.strip())
        # A channel that has hung up is no channel to the api, and to getvar still is one.
        return self.getvar(name, timeout=timeout)


def _header(name: str) -> str:
    check_header(name, "x")
    if name.lower() in ("add", "delete"):
        raise ValueError(f"filter: FreeSWITCH takes the header {name!r} for an order")
    return name


def _filtered(value: str) -> str:
    if not value:
        raise ValueError("filter: an empty value")
    return check_value(value)
