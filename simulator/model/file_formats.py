"""The formats of files and streams that FreeSWITCH's modules open, by suffix or scheme."""

from __future__ import annotations

import re

from .arguments import atoi
from .sounds import tone_length
from .spelling import hint

__all__ = ["unknown_format"]

#: What ``<scheme>://`` may be (the ``extens`` of each module's file interface).
SCHEMES = frozenset(
    """
    av file file_string http http_cache https local_stream memcache opus portaudio rtmp rtmps rtsp
    shell_stream shout shouts silence_stream soundfile tone_stream tts vlc youtube
    """.split()
)
#: Suffixes: mod_sndfile (all that libsndfile has, and its own), mod_shout, mod_av, mod_vlc,
#: mod_opusfile, mod_fsv, mod_webm, and others; and those of mod_native_file, a codec's name.
SUFFIXES = frozenset(
    """
    adpcm aif aifc aiff al alaw au avr caf flac fsv gif gsm htk ibm iff imgk ircam m4a m4v mat mkv
    mov mp2 mp3 mp4 mpc mpga oga ogg opus paf pdf pvf png prc r16 r24 r32 r8 raw rf64 sd2 sds sf
    snd sph sv svx ul ulaw voc vox w64 wav wave wavex webm wve xi yuv
    amr amr-wb bv16 bv32 celt codec2 dvi4 g722 g7221 g723 g729 h263 h264 ilbc isac l16 lpc pcma pcmu
    silk siren speex vp8 vp9
    """.split()
)
_SUFFIX = re.compile(r"\.([^./\s]+)$")


def unknown_format(name: str) -> tuple[str, str] | None:
    """The scheme or suffix of a file that no module opens, and why; None if one may.

    (switch_core_perform_file_open: "Invalid file format".)
    """
    scheme, separator, rest = name.partition("://")
    if separator:
        if scheme.lower() not in SCHEMES:
            return f"{scheme}://", f"no module plays {scheme}://{hint(scheme, SCHEMES)}"
        why = _wrong_stream(scheme.lower(), rest)
        return (name, why) if why else None
    one_slash = re.match(r"(\w+):/", name)
    if one_slash is not None and one_slash[1].lower() in SCHEMES:
        return name, f"a stream is written {one_slash[1]}://"
    found = _SUFFIX.search(name)
    if found is None or found[1].lower() in SUFFIXES:
        return None
    return f".{found[1]}", f"no module plays .{found[1]}{hint(found[1], SUFFIXES)}"


def _wrong_stream(scheme: str, rest: str) -> str:
    """Why a module opens no such stream, or plays nothing of it; "" if it plays something."""
    if scheme == "silence_stream" and atoi(rest) == 0:
        return "it is written silence_stream://<milliseconds>, or -1 for ever"
    if scheme == "tone_stream" and not rest.startswith("path=") and not _has_tones(rest):
        return "it has no tone: one is written %(<milliseconds on>,<milliseconds off>,<hertz>)"
    loops = re.search(r";loops=(?!-?\d)(.*)", rest) if scheme == "tone_stream" else None
    if loops is not None:
        return f"loops={loops[1]} is no number"
    return "" if rest.strip(" !") else f"nothing follows {scheme}://"


def _has_tones(script: str) -> bool:
    """True unless a TGML script surely has no tone; digits stand for those of keys."""
    return tone_length(script) != 0 or ("%(" not in script and re.search(r"\d", script) is not None)
