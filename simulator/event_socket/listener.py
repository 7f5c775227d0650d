"""The switch's side of one event socket connection: commands, replies, and events.

mod_event_socket.c calls it a listener. On an ``async`` socket it runs beside the session thread;
on a sync one it runs on that thread, so the reply to ``sendmsg`` comes when the application has
completed, and events wait until the listener reads again (recordings 06a to 06j).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from eslsync.exceptions import ProtocolError
from eslsync.protocol import EVENT_NAMES

from ..clockwork.threads import SECOND, Steps, Thread
from ..model.arguments import atoi
from ..model.events import QueuedEvent, SwitchEvent
from ..model.executing import parse_event
from ..model.heartbeat import Heartbeat
from ..model.known_events import note_filter, note_subclass
from ..model.known_values import as_number
from ..model.known_variables import note_reading
from ..model.patterns import check_pattern
from ..model.sounds import FRAME
from ..model.spelling import hint, misspelt
from ..model.states import State
from ..model.tables import run_api
from ..model.variables import is_false, is_true
from .audience import Audience
from .received import Received, command_reader
from .selection import Selection, unknown_events

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__ = ["FIRST_COMMAND", "Control"]

#: Seconds after which an app that sent no command is dropped (recording 14a).
FIRST_COMMAND = 25
#: Microseconds between the listener's checks of its events and channel.
POLL = FRAME
#: Bytes of a reply: it is made in a buffer of 512 with a NUL at the end (recording 14f).
LONGEST_REPLY = 511

#: How the answer of an api command begins that could not do what it was told.
FAILED = ("-ERR", "-USAGE")

GOODBYE = b"Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"

#: The longer headers of sendmsg (switch_ivr_parse_event), which may be misspelt.
SENDMSG_HEADERS = (
    "call-command",
    "execute-app-name",
    "execute-app-arg",
    "event-lock",
    "event-uuid",
    "event-uuid-name",
    "hangup-cause",
    "lead-frames",
    "content-type",
)
#: What call-command may say (switch_ivr_parse_event); anything else does nothing.
CALL_COMMANDS = ("execute", "hangup", "nomedia", "unicast", "xferext")
#: switch_log_str2level
LOG_LEVELS = {
    "console": 0,
    "alert": 1,
    "crit": 2,
    "err": 3,
    "error": 3,
    "warning": 4,
    "notice": 5,
    "info": 6,
    "debug": 7,
    **{f"debug{number}": 7 + number for number in range(1, 11)},
}
#: SWITCH_LOG_INVALID: switch_log_str2level reads a greater number as one less than this.
INVALID_LOG_LEVEL = 64


class Control:
    """The switch's side of one event socket connection.

    The world calls `received` and `closed`; the control calls ``write`` with complete messages,
    and ``close`` when the switch closes. ``channel`` is the channel that it controls, or None on
    an inbound connection, which an app made to ``switch``.
    """

    def __init__(
        self,
        channel: Channel | None,
        write: Callable[[bytes], None],
        close: Callable[[], None],
        *,
        switch: Switch | None = None,
        password: str = "ClueCon",
    ) -> None:
        owner = switch if channel is None else channel.switch
        assert owner is not None, "an inbound connection needs switch="
        self.switch = owner
        self.channel = channel
        self.full = channel is None
        self.asynchronous = True
        self.connected = False  # True once `connect` has arrived
        #: True if what the switch does not have is reported, since no exception tells of it.
        self.tells = False
        self.finished = False  # True once the listener and its connection are gone
        self._resumes = False  # LFLAG_RESUME
        self.selection = Selection(owner)  #: the events that it wants

        self._audience = owner.state(Audience)
        self._send = write
        self._close = close
        self._reader = command_reader(owner.version)
        self._commands: deque[Received] = deque()
        self._events: deque[SwitchEvent] = deque()
        self._running = True
        self._ended = False  # the app closed its side
        self._gone = False  # ... and reads no more
        self._jobs = 0  # running in the background
        self._reading = False  # True while the listener waits for its socket
        self._thread: Thread | None = None
        self._log_level: int | None = None
        self._linger: int | None = None  # seconds, -1 for ever, None for no linger
        self._linger_until: int | None = None
        self._down_handled = False
        self._authorized = channel is not None
        self._password = password

    @property
    def resumes(self) -> bool:
        """True if the dialplan continues after the connection."""
        assert self.channel is not None
        return self._resumes or is_true(self.channel.get("socket_resume"))

    @property
    def unfinished(self) -> bytes:
        """The beginning of a command that is not complete."""
        return bytes(self._reader.rest)

    # --- the world's side

    def received(self, data: bytes) -> None:
        """Take bytes from the app."""
        try:
            self._commands.extend(self._reader.feed(data))
        except ProtocolError:
            self._running = False  # read_packet fails, and the listener ends (recording 40e)
        self._look()

    def closed(self, *, reads: bool = False) -> None:
        """Note that the app closed its side; ``reads`` is true if it still reads."""
        self._ended = True
        self._gone = not reads
        self._look()

    # --- the switch's side

    def start(self, *, full: bool) -> None:
        """Run beside the session thread (async)."""
        self.full = full
        self._thread = Thread(self.switch.scheduler, self.run(full=full, asynchronous=True))
        self._thread.run()

    def deliver(self, event: SwitchEvent) -> None:
        """Write an event if the listener waits for its socket; otherwise queue it."""
        if self._reading and self.asynchronous:
            if not self._gone:
                self._send(event.packet(self.selection.format))
        elif not self.finished:
            self._events.append(event)
            if self._reading and self.channel is not None:
                # the session thread waits for the socket, and checks its events
                self.channel.thread.wake(self.switch.scheduler.now + POLL)

    # --- the listener

    def run(self, *, full: bool, asynchronous: bool) -> Steps[None]:
        """Serve the connection to its end (listener_run)."""
        self.full = full
        self.asynchronous = asynchronous
        channel = self.channel
        self._audience.join(self)
        if channel is not None:
            channel.controls.append(self)
            channel.when_down.append(self._notice_down)
            # Of first commands, only `connect` gets a reply (recording 08d).
            first = yield from self._read(self._deadline())
            if first is None:
                self._running = False
            else:
                yield from self._obey(first)
        else:
            yield from self._authorize()
        while self._running:
            command = yield from self._read(None)
            if command is None:
                break
            reply = yield from self._obey(command)
            if reply is not None:
                self._reply(reply)
        self._audience.leave(self)
        while self._jobs:  # the listener stays until they have ended
            yield None
        self._finish()

    def _deadline(self) -> int:
        """The deadline of the first command: a whole second since the epoch, in 24 to 25 s."""
        return (self.switch.scheduler.now // SECOND + FIRST_COMMAND) * SECOND

    def _authorize(self) -> Steps[None]:
        self._write(b"Content-Type: auth/request\n\n")
        while self._running and not self._authorized:
            command = yield from self._read(self._deadline())
            if command is None:
                self._running = False
                return
            reply = yield from self._obey(command)
            if reply is not None:
                self._reply(reply)

    def _read(self, deadline: int | None) -> Steps[Received | None]:
        """The next command, or None at the end of the connection (read_packet)."""
        scheduler = self.switch.scheduler
        while True:
            # each byte of a command is followed by these two checks
            if self._linger_until is not None and scheduler.now >= self._linger_until:
                return None
            if not self._down_handled and self.channel is not None and not self.channel.up:
                if not self._commands:
                    self._send_queued()
                self._down_handled = True
                if self._linger is None:
                    return None
                self._linger_notice()
            if self._commands:
                return self._commands.popleft()
            if self._ended or not self._running:
                return None
            if deadline is not None and scheduler.now >= deadline:
                self._running = False
                return None
            self._send_queued()
            until = deadline
            if self._linger_until is not None:
                until = self._linger_until
            if self._events:
                soon = scheduler.now + POLL
                until = soon if until is None else min(until, soon)
            self._reading = True
            yield until
            self._reading = False

    def _send_queued(self) -> None:
        """Write the queued events.

        An event takes a moment to reach the listener's queue. Without async, the listener runs on
        the thread that fired the event, and finds it only at its next check (recordings 06c, 06j;
        in 06f the connection is closed before that).
        """
        now = self.switch.scheduler.now
        while self._events and (self.asynchronous or self._events[0].time < now):
            self._write(self._events.popleft().packet(self.selection.format))

    def _write(self, data: bytes) -> None:
        if not self._gone:
            self._send(data)

    def _look(self) -> None:
        """Have the listener check its socket."""
        if self._reading:
            self._run()

    def _run(self) -> None:
        if self._thread is not None:
            self._thread.run()
        elif self.channel is not None:
            self.channel.thread.run()

    def _notice_down(self) -> None:
        """Have the listener notice the hangup at its next check."""
        thread = self._thread
        if thread is not None:
            thread.wake(self.switch.scheduler.now + POLL)

    def _linger_notice(self) -> None:
        assert self._linger is not None
        assert self.channel is not None
        if self._linger != -1:
            # it closes at the first whole second since the epoch after the linger time
            second = self.switch.scheduler.now // SECOND
            self._linger_until = (second + self._linger + 1) * SECOND
        self._write(
            (
                "Content-Type: text/disconnect-notice\n"
                f"Controlled-Session-UUID: {self.channel.uuid}\n"
                "Content-Disposition: linger\n"
                f"Channel-Name: {self.channel.name}\n"
                f"Linger-Time: {self._linger}\n"
                "Content-Length: 0\n\n"
            ).encode()
        )

    def _finish(self, *, quietly: bool = False) -> None:
        """Send the notice, and release the channel (the end of listener_run)."""
        if self.finished:
            return
        channel = self.channel
        self.finished = True
        self._reading = False
        self._events.clear()
        if self in self._audience:
            self._audience.leave(self)
        if channel is not None and self.resumes and channel.up and not channel.reset_by_transfer:
            # the running application is cut, and the dialplan continues (recording 12q)
            channel.state = State.RESET
        if not self._gone and not quietly:
            who = "" if channel is None else f"Controlled-Session-UUID: {channel.uuid}\n"
            if channel is not None:
                who += "Content-Disposition: disconnect\n"
            head = f"Content-Type: text/disconnect-notice\n{who}Content-Length: {len(GOODBYE)}\n\n"
            self._write(head.encode() + GOODBYE)
        self._close()
        if channel is not None:
            channel.controls.remove(self)
            channel.when_down.remove(self._notice_down)
            channel.controlled = False
            channel.poke()

    def shut_down(self) -> None:
        """End the connection without a notice, as the switch does when it stops (recording 16)."""
        self._running = False
        self._finish(quietly=True)

    def _reply(self, reply: str) -> None:
        if reply.startswith("~"):  # a reply with its own headers
            self._write(f"Content-Type: command/reply\n{reply[1:]}".encode())
            return
        # surrogates are bytes that were not UTF-8; a long reply is cut, even inside a character
        data = reply.encode("utf-8", "surrogateescape")[:LONGEST_REPLY]
        self._write(b"Content-Type: command/reply\nReply-Text: %b\n\n" % data)

    # --- commands

    def _obey(self, command: Received) -> Steps[str | None]:
        """Carry out a command; return the reply, or None for no reply (parse_command)."""
        line = command.line
        verb = line.lower()
        reply: str | None
        if verb.startswith(("exit", "...")):
            self._running = False
            return "+OK bye"
        if not self._authorized:
            return self._auth(line)
        if verb.startswith("sendmsg"):
            return (yield from self._sendmsg(command, line[len("sendmsg") :].strip(" ")))
        if verb.startswith("filter "):
            return self._filter(line[len("filter ") :])
        channel = self.channel
        if channel is not None:
            if verb.startswith("resume"):
                self._resumes = True
                channel.set("socket_resume", "true")
                return "+OK"
            if verb.startswith("connect"):
                self._connect(channel)
                return None
            if verb.startswith("getvar"):
                return self._getvar(channel, line)
        if verb.startswith("myevents") and (channel is not None or verb.startswith("myevents ")):
            return self._subscribe_to_mine(line)
        if verb.startswith("divert_events"):
            return self._divert(line[len("divert_events") :].strip(" "))
        if self.full:
            if verb.startswith("api "):
                yield from self._api(line[len("api ") :])
                return None
            for word, function in _FULL.items():
                if verb.startswith(word):
                    reply = function(self, command, line[len(word) :])
                    return reply or self._not_found(line)
        return self._not_found(line)

    def _not_found(self, line: str) -> str:
        name = line.partition(" ")[0]
        known = {
            *_FULL,
            "api",
            "filter",
            "myevents",
            "divert_events",
            "sendmsg",
            "getvar",
            "resume",
        }
        if self.tells and name.lower() not in known:
            self._refuse(f"the command {name}", f"there is no such command{hint(name, known)}")
        return "-ERR command not found"

    def _refuse(self, name: str, why: str) -> None:
        self.switch.refused(name, self.channel, why)

    def _auth(self, line: str) -> str:
        if line.lower().startswith("auth "):
            if line[len("auth ") :] == self._password:
                self._authorized = True
                return "+OK accepted"
            self._running = False
            return "-ERR invalid"
        return "-ERR command not found"

    def _connect(self, channel: Channel) -> None:
        """Reply with the channel's data, percent-encoded and without a Content-Length."""
        self.connected = True
        event = self.switch.event(
            "CHANNEL_DATA",
            blocks=(
                *channel.description.of_profile(channel.profile, "Channel"),
                *channel.blocks(variables=True),
            ),
            own=(
                ("Content-Type", "command/reply"),
                ("Reply-Text", "+OK\n"),
                ("Socket-Mode", "async" if self.asynchronous else "static"),
                ("Control", "full" if self.full else "single-channel"),
            ),
        )
        self._write(event.packet("plain").partition(b"\n\n")[2])

    @staticmethod
    def _getvar(channel: Channel, line: str) -> str:
        _, _, name = line.partition(" ")
        value = channel.get(name) if name else None
        if name and value is None:
            note_reading(channel.switch, channel, name)
        return value or "-ERR command not found"

    def _filter(self, text: str) -> str:
        name, _, value = text.lstrip(" ").partition(" ")
        if name.lower() in ("add", "delete"):
            name, _, value = value.partition(" ")
        if name.lower() != "all":
            note_filter(self.switch, self.channel, name, value)
        if value.startswith("/"):
            check_pattern(self.switch, self.channel, value)
        reply = self.selection.filter(text)
        self._audience.filtered(self)
        return reply

    def _subscribe_to_mine(self, line: str) -> str:
        if self.selection.has_myevents:
            return "-ERR aready enabled."
        if self.channel is None:
            uuid = line.split(" ")[1]
            self.channel = self.switch.locate(uuid)
            if self.channel is None:
                return "-ERR invalid uuid"
            self.channel.controls.append(self)
            self.channel.when_down.append(self._notice_down)
        return self.selection.myevents(self.channel.uuid, line)

    def _divert(self, value: str) -> str:
        if self.channel is None:
            return "-ERR not controlling a session."
        if not value:
            return "-ERR missing value."
        if value.lower() not in ("on", "off"):
            self._refuse(f"divert_events {value}", "it is written on or off, and is off")
        self.channel.divert(value.lower() == "on")
        return "+OK events diverted" if self.channel.divert_events else "+OK events not diverted"

    def _sendmsg(self, command: Received, uuid: str) -> Steps[str]:
        for header, value in command.headers if self.tells else ():
            meant = misspelt(header, SENDMSG_HEADERS)
            if meant is not None:
                self._refuse(f"the header {header}", f"sendmsg reads no such header, but {meant}")
            wrong = as_number(value) if header.lower() in ("loops", "lead-frames") else ""
            if header.lower() == "call-command" and value.lower() not in CALL_COMMANDS:
                wrong = f"there is no such command{hint(value, CALL_COMMANDS)}"
            if header.lower() == "event-lock" and not (is_true(value) or is_false(value)):
                wrong = "it is neither true nor false"
            if wrong:
                self._refuse(f"{header}: {value}", wrong)
        if uuid:
            # Reading the uuid cuts the command off after its line (strip_cr).
            command.origin = (("Command", command.line),)
        uuid = uuid or command.get("session-id") or ""
        if self.channel is not None and uuid == self.channel.uuid:
            uuid = ""
        if not uuid and self.channel is not None:
            if self.asynchronous or is_true(command.get("async")):
                # queued unseen: a malformed command gets +OK, too (recording 08a)
                self.channel.private_events.append(command)
                self.channel.poke()
            else:
                yield from parse_event(self.channel, command)
            return "+OK"
        if uuid in self.switch.callers:
            return "+OK"
        other = self.switch.locate(uuid)
        if other is None:
            if self.tells and uuid not in self.switch.gone:
                self._refuse(f"sendmsg {uuid}", "there was never such a call")
            return f"-ERR invalid session id [{uuid}]"
        other.private_events.append(command)
        other.poke()
        return "+OK"

    def _api(self, text: str) -> Steps[None]:
        """Run an api command; everything else waits until it is done (recording 09f)."""
        name, _, argument = text.partition(" ")
        answer = yield from run_api(
            self.switch, name, argument, self.channel, answered=not self.tells
        )
        body = (answer or "-ERR no reply\n").encode("utf-8", "surrogateescape")
        self._write(b"Content-Type: api/response\nContent-Length: %d\n\n%b" % (len(body), body))

    def _bgapi(self, command: Received, rest: str) -> str | None:
        if not rest.startswith(" "):
            return None
        name, _, argument = rest[1:].partition(" ")
        job = command.get("job-uuid") or self.switch.uuid()
        Thread(self.switch.scheduler, self._job(job, name, argument)).run()
        return f"~Reply-Text: +OK Job-UUID: {job}\nJob-UUID: {job}\n\n"

    def _job(self, job: str, name: str, argument: str) -> Steps[None]:
        self._jobs += 1
        answer = yield from run_api(self.switch, name, argument, self.channel)
        self._jobs -= 1
        about = [("Job-UUID", job)]
        if self.channel is not None:
            about.append(("Job-Owner-UUID", self.channel.uuid))
        if name:
            about.append(("Job-Command", name))
        if argument:
            about.append(("Job-Command-Arg", argument))
        body = answer.encode("utf-8", "surrogateescape")
        event = self.switch.event("BACKGROUND_JOB", about, body=body)
        # whether another program looks at it can't be known, if it gets it
        if answer.startswith(FAILED) and not (self.tells and self.selection.wants(event)):
            self.switch.on_failed_job(job, f"{name} {argument}", answer, self.channel)
        self.switch.publish(event)
        if self not in self._audience and not self.finished:
            self._run()

    def _sendevent(self, command: Received, rest: str) -> str:
        name = rest.strip(" \t").upper()
        uuid = self.switch.uuid()
        subclass = command.get("event-subclass")
        own = [pair for pair in command.headers if pair[0].lower() != "event-subclass"]
        before = [("Command", command.line), *own, ("Event-UUID", uuid)]
        if name not in EVENT_NAMES:
            why = f"there is no such event{hint(name, EVENT_NAMES)}, so it fires CLONE"
            self._refuse(f"the event {name}", why)
            name = "CLONE"
        target = self.switch.locate(command.get("unique-id") or "")
        if target is not None:
            last = [("Event-Subclass", subclass)] if name == "CUSTOM" and subclass else []
            target.queue_event(
                QueuedEvent(
                    name,
                    self.switch.identity,
                    self.switch.scheduler.now,
                    0,
                    before=(*before, *last),
                    body=command.body or None,
                    subclass=subclass,
                )
            )
            return f"+OK {uuid}"
        if name == "CUSTOM" and subclass is not None:
            before.insert(0, ("Event-Subclass", subclass))
        event = self.switch.event(
            name,
            before=before,
            body=command.body or None,
            subclass=subclass,
            called_from=("mod_event_socket.c", "parse_command", 2275),
        )
        self.switch.publish(event)
        return f"+OK {uuid}"

    def _log(self, command: Received, rest: str) -> str:
        level = rest.lstrip(" ").split(" ")[0]
        number = LOG_LEVELS.get(level.lower())
        if number is None and level.isdigit():
            number = atoi(level) if atoi(level) <= INVALID_LOG_LEVEL else INVALID_LOG_LEVEL - 1
        if not level:
            number = LOG_LEVELS["debug"]
        if number is None:
            return "-ERR invalid log level"
        self._log_level = number
        return f"+OK log level {level} [{number}]"

    def _nolog(self, command: Received, rest: str) -> str:
        if self._log_level is None:
            return "-ERR not loging"
        self._log_level = None
        return "+OK no longer logging"

    def _set_linger(self, command: Received, rest: str) -> str:
        if self.channel is None:
            return "-ERR not controlling a session"
        if rest.startswith(" "):
            self._linger = atoi(rest)
            wrong = as_number(rest)
            if wrong and self.tells:
                self._refuse(f"linger{rest}", wrong)
            return f"+OK will linger {self._linger} seconds"
        self._linger = -1
        return "+OK will linger"

    def _nolinger(self, command: Received, rest: str) -> str:
        if self.channel is None:
            return "-ERR not controlling a session"
        self._linger = None
        return "+OK will not linger"

    def _event(self, command: Received, rest: str) -> str:
        words = rest.partition(" ")[2].split(" ")
        reply = self.selection.event(list(words))
        self._note_events(words, reply)
        if self.selection.wants_heartbeat:
            self.switch.state(Heartbeat).beat(lambda: self._audience.wants_heartbeat)
        return reply

    def _nixevent(self, command: Received, rest: str) -> str:
        words = rest.partition(" ")[2].split(" ")
        reply = self.selection.nixevent(words)
        self._note_events(words, reply)
        return reply

    def _note_events(self, words: list[str], reply: str) -> None:
        """Report names that FreeSWITCH skips; an error tells of them itself, if it is read."""
        names, subclasses = unknown_events(words)
        for name in names if self.tells or reply.startswith("+OK") else ():
            self._refuse(f"the event {name}", f"there is no such event{hint(name, EVENT_NAMES)}")
        for subclass in subclasses:
            note_subclass(self.switch, self.channel, subclass)

    def _noevents(self, command: Received, rest: str) -> str:
        self._events.clear()
        return self.selection.noevents()


#: The commands of a ``full`` socket, by how they begin, in the order in which they are tried.
_FULL: Mapping[str, Callable[[Control, Received, str], str | None]] = {
    "sendevent": Control._sendevent,
    "bgapi": Control._bgapi,
    "log": Control._log,
    "linger": Control._set_linger,
    "nolinger": Control._nolinger,
    "nolog": Control._nolog,
    "event": Control._event,
    "nixevent": Control._nixevent,
    "noevents": Control._noevents,
}
