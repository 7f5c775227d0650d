"""How FreeSWITCH's applications read the words of their arguments; a word they can't use is told.

FreeSWITCH reads ``sleep 1s`` as 1 ms, and takes an unknown word for none: no error tells of it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from eslsync.wire.separation import separate

from .arguments import atoi
from .known_values import as_milliseconds, as_number, as_seconds
from .spelling import hint, misspelt

if TYPE_CHECKING:
    from .channel import Channel
    from .switch import Switch

__all__ = ["FORMS", "note_argument"]

#: The forms of arguments: an application (or several, with commas between them), and its words.
#: Kinds of words: ``number``; ``most`` (a number, not less than the one before); ``ms`` to wait;
#: ``seconds``; ``time`` (``+seconds``, or seconds since the epoch); ``max`` (a number, or
#: ``number/seconds``); ``key``; ``keys`` (or ``none``); ``dtmf``; ``uuid``; ``app``; ``vars``
#: (``{name=value}``); ``[letters]``, at least one of them; ``on|off``, one of several words.
#: ``_`` is any word, ``...`` all the rest. Words after ``?`` may be missing. ``+seconds`` and
#: ``-bleg|-both`` are left out if the argument's word begins otherwise. A form with ``=in`` is for
#: arguments with that word there. A separator other than a blank stands before the words.
#: (The usage lines and functions of mod_dptools.c, mod_fifo.c, mod_valet_parking.c, mod_hash.c,
#: mod_db.c.)
FORMS = """
sleep                        number
delay_echo                   ? number
loop_playback                +number _ ? ...
record                       _ ? seconds number number
record_session               _ +seconds ? vars
displace_session             _ ? [flmr+] ...
play_and_get_digits          number most number ms keys ? _ _ _ _ ms _
read                         number most _ _ ? ms keys ms
wait_for_silence             number number number ms ? _
enable_heartbeat             number
sched_heartbeat              number
enable_keepalive             number
log                          ? logged ...
sched_hangup                 time ? _ bleg
sched_transfer               time _ ? _ _
sched_broadcast              time app ? both|aleg|bleg
broadcast                    _ ? both|aleg|bleg|holdb
transfer                     -bleg|-both _ ? _ _
execute_extension            _ ? _ _
intercept                    -bleg uuid
eavesdrop                    =all
eavesdrop                    uuid
three_way                    uuid
bridge,att_xfer              ...
phrase,gentones              ...
redirect,deflect             ...
respond                      code ? ...
hash                         / =delete _ _ ? _
hash                         / insert|insert_ifempty|delete_ifmatch _ _ _
db                           / =insert _ _ _
db                           / =delete _ _ ? _
limit                        hash|db|redis|hiredis _ _ ? max _ _ _
limit_hash                   _ _ ? max _ _ _
limit_execute                hash|db|redis|hiredis _ _ max app ? ...
limit_hash_execute           _ _ max app ? ...
fifo                         _ =in ? _ _ early|noans
fifo                         _ =out ? wait|nowait _ _
valet_park                   _ =ask ? number number number _
valet_park                   _ =auto ? in|out number number
valet_park                   _ _
mutex                        _ ? on|off
soft_hold                    key ? _ _
bind_meta_app                key [ab] [abosi1] app ? ...
unbind_meta_app              ? key
bind_digit_action            , _ _ action ? _ legs legs
digit_action_set_realm       , _ ? legs
clear_digit_action           , _ ? legs
send_dtmf,queue_dtmf         dtmf
privacy                      full|name|number|yes|no|on|off|true|false
session_loglevel             level
conference                   ...
detect_speech                =grammar _ ? _
detect_speech                =nogrammar _
detect_speech                =grammaron _
detect_speech                =grammaroff _
detect_speech                =grammarsalloff
detect_speech                =init _ ? _
detect_speech                =pause
detect_speech                =resume
detect_speech                =start-input-timers
detect_speech                =start_input_timers
detect_speech                =stop
detect_speech                =param _ _
detect_speech                _ _ _ ? _
"""

LEVELS = ("console", "alert", "crit", "err", "error", "warning", "notice", "info", "debug")
LEGS = ("aleg", "peer", "both", "self")
KEYS = "0-9*#A-Da-d"


class Form(NamedTuple):
    """The words of an argument; the first ``needed`` of them must be there."""

    separator: str
    words: tuple[str, ...]
    needed: int

    def __str__(self) -> str:
        shown = [_shown(each) for each in self.words]
        return self.separator.join(
            each if at < self.needed else f"[{each}]" for at, each in enumerate(shown)
        )


def _shown(kind: str) -> str:
    """A word of a form, as FreeSWITCH's usage lines have it."""
    if kind == "_":
        return "<...>"
    if kind.startswith("="):
        return kind[1:]
    return f"<{kind}>" if kind.isalpha() else kind


@lru_cache(maxsize=1)
def _forms() -> dict[str, list[Form]]:
    forms: dict[str, list[Form]] = {}
    for line in FORMS.strip().splitlines():
        names, *words = line.split()
        separator = words.pop(0) if words[0] in ("/", ",") else " "
        needed = words.index("?") if "?" in words else len(words)
        if needed < len(words):
            del words[needed]
        for name in names.split(","):
            forms.setdefault(name, []).append(Form(separator, tuple(words), needed))
    return forms


def note_argument(channel: Channel, name: str, data: str) -> None:
    """Report a word of an application's argument that FreeSWITCH can't use."""
    forms = _forms().get(name)
    if forms is None:
        return
    form, words = _form_for(forms, data)
    if form is None:
        usages = " or ".join(str(each) for each in forms)
        choice = {w[1:] for each in forms for w in each.words if w.startswith("=")}
        close = next((found for each in words if (found := hint(each, choice))), "")
        _refuse(channel, name, data, f"it is written {name} {usages}{close}")
        return
    at = 0
    for number, kind in enumerate(form.words):
        if kind == "...":
            at = len(words)
            if not words and number < form.needed:
                _refuse(channel, name, data, "it has no argument")
            return
        word = words[at] if at < len(words) else None
        if kind[0] in "+-":
            if word is None or word[0] != kind[0]:
                continue
            word = word[1:] if kind[0] == "+" else word
        if word is None:
            needed = [each for each in form.words[: form.needed] if each[0] not in "+-"]
            if number < form.needed:
                why = f"it reads {len(needed)} words, {form}, and finds {len(words)}"
                _refuse(channel, name, data, why)
            return
        at += 1
        before = words[at - 2] if at > 1 else ""
        why = _wrong(channel.switch, kind.lstrip("+=") if kind[0] != "-" else kind, word, before)
        if why:
            _refuse(channel, name, words[at - 1], why)
    if at < len(words):
        _refuse(channel, name, words[at], f"it reads only {at} words: {form}")


def _refuse(channel: Channel, name: str, what: str, why: str) -> None:
    channel.switch.refused(f"{name} {what}".rstrip(), channel, why)


def _form_for(forms: list[Form], data: str) -> tuple[Form | None, list[str]]:
    """The form that the argument has, and the argument's words."""
    words: list[str] = []
    for form in forms:
        words = separate(data, form.separator)
        needed = [at for at, kind in enumerate(form.words) if kind.startswith("=")]
        if all(at < len(words) and words[at].lower() == form.words[at][1:] for at in needed):
            return form, words
    return None, words


def _wrong(switch: Switch, kind: str, word: str, before: str) -> str:
    """Why a word is not one of its kind; "" if it is. ``before`` is the word before it."""
    if not word or kind == "_":
        return ""
    if kind in _KINDS:
        pattern, what = _KINDS[kind]
        return "" if re.fullmatch(pattern, word) else f"{word!r} is not {what}"
    if kind in ("number", "ms", "seconds"):
        read = {"number": as_number, "ms": as_milliseconds, "seconds": as_seconds}[kind]
        return read(word)
    if kind == "most":
        more = f"at least {before} and at most {word} is {before}"
        return as_number(word) or (more if atoi(before) > atoi(word) else "")
    if kind == "time":
        if word.startswith(("+", "@")):
            return as_seconds(word[1:]) if word[0] == "+" else as_number(word[1:])
        if re.fullmatch(r"\d{1,8}", word):
            return f"{word} is a time of the year 1970; in {word} seconds is written +{word}"
        return as_number(word)
    if kind == "max":
        return next((why for each in word.split("/") if (why := as_number(each))), "")
    if kind == "logged":
        close = misspelt(word, LEVELS, shortest=4)
        return f"there is no such level (did you mean {close!r}?)" if close else ""
    if kind == "uuid":
        known = {*switch.channels, *switch.callers, *switch.gone}
        return "" if word in known else f"there is no channel {word}"
    if kind in ("app", "action"):
        return _unknown_application(switch, kind, word)
    if kind.startswith("["):
        letters = kind.strip("[]")
        known = {*letters} & {*word.lower()}
        return "" if known else f"{word!r} has none of the letters {', '.join(letters)}"
    choice = {"level": (*LEVELS, word if word.isdigit() else "debug"), "legs": LEGS}.get(kind)
    choices = choice or tuple(kind.split("|"))
    if word.lower() in choices or (kind == "level" and re.fullmatch(r"debug\d+", word.lower())):
        return ""
    return f"{word!r} is none of {', '.join(choices)}{hint(word, choices)}"


#: Kinds of words that a regular expression describes, and what they are called.
_KINDS = {
    "key": (f"[{KEYS}]", "a key"),
    "keys": (rf"=?[{KEYS}]+|none", "a list of keys"),
    "dtmf": (rf"[{KEYS}FfWw+\s~]+(@\d+)?", "a list of keys, as in 123@100"),
    "code": (r"[1-6]\d\d", "a SIP status"),
    "vars": (r"\{.*\}", "{name=value,...}, and a limit is written +<seconds>"),
}


def _unknown_application(switch: Switch, kind: str, word: str) -> str:
    """Why a word that names an application to execute later names none; "" if it may."""
    if kind == "action":
        verb, colon, word = word.partition(":")
        verb = verb.partition("[")[0]
        if verb != "exec" or not colon:
            close = hint(verb, ("exec", "api")) if colon and verb != "api" else ""
            return f"{verb!r} is neither exec nor api, and fires an event{close}" if close else ""
        word = word.partition(",")[0]
    elif "::" in word:
        word = word.partition("::")[0]
    elif kind == "app" and not re.fullmatch(r"\w+", word):
        return ""  # a file to play
    name = word.partition("!")[0].strip()
    if not name or name.lower() in switch.applications:
        return ""
    return f"there is no application {name!r}{hint(name, switch.applications)}"
