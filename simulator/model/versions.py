"""The versions of FreeSWITCH that the simulated switch can be, and all that differs between them.

One model serves both lines: the same conversations, recorded from both, are the same message by
message, but for these changes. Whoever models something that has changed asks the switch for its
version: ``switch.version.has(PCRE2)``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

__all__ = [
    "ALLOWLIST",
    "BODY_BOUNDS",
    "CHANGES",
    "NEWEST",
    "PCRE2",
    "SIP_REASON",
    "TTS_FILES",
    "VERSIONS",
    "Change",
    "Version",
    "recorded_version",
    "version_named",
]


@dataclass(frozen=True)
class Change:
    """Something that 1.11 does otherwise than 1.10, as an app meets it.

    ``proof`` names the recordings that show it, or FreeSWITCH's source. ``modelled`` is false of
    what the simulated switch does on neither line.
    """

    what: str
    before: str
    after: str
    proof: str
    modelled: bool = True


@dataclass(frozen=True)
class Version:
    """A version of FreeSWITCH. ``build`` is how it names itself."""

    name: str
    build: str
    changes: frozenset[Change] = frozenset()

    def has(self, change: Change) -> bool:
        return change in self.changes

    def includes(self, since: str, until: str) -> bool:
        """True if a name exists that came with version ``since`` and was last in ``until``.

        Empty strings are no limits.
        """
        numbers = _numbers(self.name)
        after = not since or numbers >= _numbers(since)
        return after and (not until or numbers <= _numbers(until))


PCRE2 = Change(
    "regular expressions",
    "PCRE: an unknown escape is the character itself; with more than nine groups set nothing "
    "matches; a group that is not set empties what `capture` has collected",
    "PCRE2: an unknown escape does not compile, so nothing matches; groups are not counted; a "
    "group that is not set is left out",
    "40a, 40b",
)
ALLOWLIST = Change(
    "`<interface-allowlist>` in switch.conf",
    "has no effect",
    "an application that is not listed hangs the call up, an api command answers `-ERR <name> "
    "Command not found!`, as unknown ones do",
    "40j",
)
BODY_BOUNDS = Change(
    "a command's Content-Length below 0 or above 16 MiB",
    "below 0 there is no body; a long one is read",
    "the switch closes the connection, and the dialplan goes on",
    "40e, 40f, 40g",
)
TTS_FILES = Change(
    "`playback` of `tts://`",
    "FILE NOT FOUND",
    "speaks",
    "40c, 40d",
)
SIP_REASON = Change(
    "`sip_reason` after a SIP far end has refused with a Reason header",
    "is not set",
    "is set on the caller's leg, whose own end sends it on, whatever its cause is",
    "40k, 40l",
)
COMMANDS = Change(
    "api commands",
    "none of these",
    "`reloadcert`, which fires CERT_RELOAD; `interface_allowlist_dump`",
    "40h, 40i",
)
MODULES = Change(
    "modules that are gone",
    "mod_dahdi_codec, mod_gsmopen, mod_ladspa, mod_mp4, mod_oreka, mod_portaudio, "
    "mod_rad_auth, mod_rayo, mod_rss, mod_sangoma_codec, mod_skypopen, mod_sms_flowroute, "
    "mod_snom, mod_sonar, mod_soundtouch, mod_stress, mod_xml_radius",
    "their applications hang the call up, their api commands are not found",
    "40h; SWITCH_ADD_APP and SWITCH_ADD_API in the source",
)
UUIDS = Change(
    "`fsctl uuid_version 7`",
    "is no command",
    "new uuids begin with the time",
    "mod_commands.c, ctl_function",
    modelled=False,
)
OFFSETS = Change(
    "`${name:offset}` past the end of the value",
    "what lies there in memory",
    "the empty string",
    "switch_event.c, switch_event_expand_headers_check",
    modelled=False,
)

#: All that differs.
CHANGES = (
    SIP_REASON,
    PCRE2,
    ALLOWLIST,
    BODY_BOUNDS,
    TTS_FILES,
    COMMANDS,
    MODULES,
    UUIDS,
    OFFSETS,
)
#: By the names that ``FreeSwitch(version=...)`` takes.
VERSIONS = {
    each.name: each
    for each in (
        Version("1.10", "1.10.12-release"),
        Version("1.11", "1.11.3-dev", frozenset(CHANGES)),
    )
}
#: The newest that is held to recordings.
NEWEST = VERSIONS["1.11"]


def version_named(name: str) -> Version:
    """The version with this name. Raises ValueError if there is none."""
    if name not in VERSIONS:
        known = " and ".join(VERSIONS)
        raise ValueError(f"FreeSwitch: version is one of {known}, not {name!r}")
    return VERSIONS[name]


def recorded_version(switch: str) -> Version:
    """The version of a recording, from its first line: "FreeSWITCH 1.10.12".

    A line without a model of its own is served by the next older one that has.
    """
    found = re.search(r"(\d+\.\d+)[^\s~]*", switch)
    if found is None:
        return NEWEST
    build = found[0] if "-" in found[0] else f"{found[0]}-release"
    line = VERSIONS["1.10"]
    for each in VERSIONS.values():  # from the oldest
        if _numbers(each.name) <= _numbers(found[1]):
            line = each
    return replace(line, build=build)


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(map(int, name.split(".")))
