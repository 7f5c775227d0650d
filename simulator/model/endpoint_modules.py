"""The endpoint modules, and whom their dial strings name."""

from __future__ import annotations

from .spelling import hint

__all__ = [
    "NOT_MODELLED",
    "OTHERS",
    "TECHNOLOGIES",
    "check_dial_string",
    "no_such_endpoint",
    "nobody_in",
    "wrong_sip_address",
]

#: The endpoint modules; a dial string of any other is CHAN_NOT_IMPLEMENTED.
TECHNOLOGIES = frozenset({"error", "group", "loopback", "sofia", "user", "verto"})
#: More endpoint modules of FreeSWITCH, whose legs are not modelled.
NOT_MODELLED = frozenset(
    """
    alsa dingaling freetdm gsmopen h323 iax2 khomp lcr modem null opal pickup portaudio reference
    rtc rtmp rtp sip skinny skypopen unicall verto.rtc vlc
    """.split()
)

#: FreeSWITCH's own SIP profiles.
SIP_PROFILES = frozenset({"internal", "internal-ipv6", "external", "external-ipv6"})

#: Stands for all dial strings that are not described.
OTHERS = "*"


def check_dial_string(dial_string: str) -> None:
    """Raise ValueError for a far end that no dial string of FreeSWITCH can reach."""
    technology, slash, rest = dial_string.partition("/")
    if not slash or technology.lower() not in TECHNOLOGIES | NOT_MODELLED:
        raise ValueError(f"the far end {dial_string!r}: {no_such_endpoint(dial_string)}")
    if why := nobody_in(technology.lower(), rest):
        raise ValueError(f"the far end {dial_string!r}: {why}")


def no_such_endpoint(dial_string: str) -> str:
    """Why a dial string names no endpoint module of FreeSWITCH."""
    technology, slash, _ = dial_string.partition("/")
    known = TECHNOLOGIES | NOT_MODELLED
    if not slash:
        return "a dial string is written as in user/1000"
    return f"there is no endpoint {technology}/{hint(technology, known)}"


def nobody_in(technology: str, rest: str) -> str:
    """Why a dial string names nobody to call (mod_sofia.c: "Invalid URL"); "" if it does."""
    if "{" in rest:
        return "its braces are no variables there: is the f of an f-string missing?"
    if technology == "sofia":
        form = "<profile>/<number>@<domain>"
        if rest.lower().startswith("gateway"):
            rest, form = rest.partition("/")[2], "gateway/<gateway>/<number>"
        if all(rest.partition("/")[::2]):
            return ""
        return f"it is written sofia/{form}"
    number = rest.partition("@")
    if not number[0] or (number[1] and not number[2]):
        return f"it names nobody: it is written as in {technology}/1000"
    return ""


def wrong_sip_address(rest: str) -> str | None:
    """The cause if a dial string names no profile or gateway (sofia_outgoing_channel)."""
    profile, slash, address = rest.partition("/")
    if not slash or not address:
        return "INVALID_URL"
    if profile == "gateway":
        return "INVALID_GATEWAY"
    return None if profile in SIP_PROFILES else "INVALID_PROFILE"
