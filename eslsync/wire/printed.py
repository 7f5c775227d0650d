"""What api commands print, and whether that is a failure: FreeSWITCH has no other sign of one."""

from __future__ import annotations

from .texts import without_line_end

__all__ = ["NOTHING", "failed", "text_of"]

#: How the switch answers ``api`` when a command printed nothing (mod_event_socket.c, api_exec;
#: recording 28a). It is a success: a script that ran, a key without a value.
NOTHING = "-ERR no reply\n"
#: How failures begin.
FAILURES = ("-ERR", "-USAGE")
#: Other failures, whole: of voicemail's commands, and of db, expr, md5, resolve_host.
OTHER_FAILURES = frozenset({"-OK", "!err!"})
#: Commands that print a value. It may begin like a failure, but theirs end in a line break
#: (mod_commands.c, mod_hash.c, mod_db.c).
VALUES = frozenset({"db", "echo", "eval", "global_getvar", "hash", "uuid_getvar"})


def text_of(printed: str) -> str:
    """What a command printed, without the last line break."""
    return "" if printed == NOTHING else without_line_end(printed)


def failed(printed: str, command: str = "") -> bool:
    """True if this is how a command, with its argument, says that it failed."""
    if printed.startswith(FAILURES):
        if printed == NOTHING:
            return False
        return printed.endswith("\n") or command.partition(" ")[0].lower() not in VALUES
    return printed.rstrip("\n") in OTHER_FAILURES
