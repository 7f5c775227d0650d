"""Options in arguments that FreeSWITCH has and the model ignores; a call that uses one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .spelling import hint

if TYPE_CHECKING:
    from .channel import Channel
    from .switch import Switch

__all__ = [
    "CONFERENCE_COMMANDS",
    "CONFERENCE_FLAGS",
    "note_conference_command",
    "note_conference_flags",
    "note_option",
]

#: Flags of a conference's members (conference_utils_set_mflags). Those for video change nothing.
CONFERENCE_FLAGS = frozenset("ghost join-only mandatory_member_endconf skip-dtmf".split())
#: Those that are modelled, or change nothing here, among them those of the room
#: (conference_utils_set_cflags).
OTHER_FLAGS = frozenset(
    """
    audio-always auto-3d-position blind breakable deaf ded-vid-layer-audio-floor dist-dtmf endconf
    flip-video join-vid-floor json-events livearray-json-status livearray-sync
    manage-inbound-video-bitrate minimize-video-encoding mintwo moderator mute mute-detect
    no-minimize-encoding no-positional no-video-blanks nomoh positional restart-auto-record rfc-4579
    second-screen talk-data-events video-bridge video-bridge-first-two video-floor-only
    video-mute-exit-canvas video-muxing-personal-canvas video-required-for-canvas vmute wait-mod
    """.split()
)
#: Commands of the api command `conference` about a room (conference_api.c).
CONFERENCE_COMMANDS = frozenset(
    """
    agc auto-3d-position auto-energy bgdial cam canvas-auto-clear chkrecord clear-vid-floor dial
    enter_sound exit_sound file-vol file_seek floor get-uuid getvar json_list max-energy moh pause
    pause_play play_status position relate resume set setvar tvblind tvmute unvblind unvmute vblind
    vid-bandwidth vid-banner vid-bgimg vid-border vid-canvas vid-codec-group vid-fgimg vid-filter
    vid-flip vid-floor vid-fps vid-layer vid-layout vid-logo-img vid-mute-img vid-personal vid-res
    vid-res-id vid-role-id vid-watching-canvas vid-write-png vmute vmute-snap xml_list
    """.split()
)


def note_option(switch: Switch, channel: Channel | None, name: str, where: str = "") -> None:
    """Report an option, by the name by which a user allows it; ``where`` may say what to do."""
    switch.not_modelled("option", name, channel, where)


def note_conference_flags(channel: Channel, flags: frozenset[str]) -> None:
    for flag in sorted(flags & CONFERENCE_FLAGS):
        note_option(channel.switch, channel, f"conference +flags{{{flag}}}")
    known = CONFERENCE_FLAGS | OTHER_FLAGS
    for flag in sorted(flags - known):
        why = f"a member has no such flag{hint(flag, known)}"
        channel.switch.refused(f"conference +flags{{{flag}}}", channel, why)


def note_conference_command(switch: Switch, name: str) -> None:
    if name in CONFERENCE_COMMANDS:
        note_option(switch, None, f"conference {name}")
