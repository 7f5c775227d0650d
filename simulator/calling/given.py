"""Checks what a test passes: a value that can have no effect is refused, with what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from eslsync.numbers import seconds
from eslsync.wire.arguments import are_keys

from ..model.spelling import misspelt

__all__ = [
    "check_actions",
    "check_far_end",
    "check_flag",
    "check_keys",
    "check_lengths",
    "check_names",
    "check_new",
    "check_recognizers",
    "check_seconds",
    "check_sounds",
    "check_text",
    "check_variables",
    "has_sounds",
]


#: More seconds than anybody waits for.
MOST = 1_000_000_000.0


def check_seconds(what: str, value: float) -> None:
    """Raise TypeError or ValueError for what is no number of seconds, 0 or more."""
    seconds(what, value, 0.0, MOST)


def check_text(what: str, value: object, *, empty: bool = False) -> None:
    """Raise TypeError for what is no text, and ValueError for an empty one."""
    if not isinstance(value, str):
        raise TypeError(f"{what} is a text, as in '1001', not {value!r}")
    if not value and not empty:
        raise ValueError(f"{what} must not be empty")


def check_flag(what: str, value: object) -> None:
    """Raise TypeError for what is neither True nor False."""
    if not isinstance(value, bool):
        raise TypeError(f"{what} is True or False, not {value!r}")


def check_names(what: str, names: object) -> None:
    """Raise TypeError unless these are texts in a list, ValueError for an empty one."""
    if isinstance(names, (str, bytes)) or not isinstance(names, Collection):
        raise TypeError(f"{what} is a list of names, as in [{names!r}], not {names!r}")
    for each in names:
        check_text(f"a name in {what}", each)


def check_recognizers(what: str, recognizers: object) -> None:
    """Raise TypeError or ValueError unless these are names, or map names to what is understood."""
    if recognizers is None:
        return
    if not isinstance(recognizers, Mapping):
        check_names(what, recognizers)
        return
    for name, understands in recognizers.items():
        check_text(f"a name in {what}", name)
        by_grammar = understands if isinstance(understands, Mapping) else {"": understands}
        for grammar, phrases in by_grammar.items():
            if phrases is None or (callable(phrases) and by_grammar is not understands):
                continue
            check_names(f"{what}: {name} {grammar}".rstrip(), phrases)


def check_new(what: str, names: Iterable[str], known: Collection[str]) -> None:
    """Raise ValueError for a name that is probably one of FreeSWITCH's, misspelt."""
    for name in names:
        check_text(f"a name in {what}", name)
        meant = None if name.lower() in known else misspelt(name, known, shortest=5)
        if meant is not None:
            raise ValueError(
                f"{what}: FreeSWITCH has no {name!r} (did you mean {meant!r}?); if a module of "
                f"your own has, add {name!r} to allow_unmodelled"
            )


def check_sounds(what: str, folder: str | Path | None) -> None:
    """Raise ValueError for what is no folder with WAV files, since every prompt would last 2 s."""
    if folder is None:
        return
    path = Path(folder)
    if not str(folder) or not path.is_dir():
        raise ValueError(f"{what}: {str(folder)!r} is not a folder; name the one of the WAV files")
    if not has_sounds(path):
        raise ValueError(f"{what}: there is no WAV file in {str(folder)!r}, nor in its folders")


def has_sounds(folder: Path) -> bool:
    """True if there is a WAV file in the folder, or in its folders."""
    return any(folder.rglob("*.[wW][aA][vV]"))


def check_lengths(what: str, prompts: Mapping[str, float] | None) -> None:
    """Raise TypeError or ValueError unless every prompt has a length in seconds."""
    if prompts is None:
        return
    if not isinstance(prompts, Mapping):
        raise TypeError(f"{what} maps names to seconds, as in {{'ivr/welcome': 2.5}}")
    for name, length in prompts.items():
        check_text(f"a name in {what}", name)
        check_seconds(f"{what}: the length of {name!r}", length)


def check_actions(what: str, actions: object) -> None:
    """Raise TypeError or ValueError unless these are pairs of texts, and at least one."""
    listed = isinstance(actions, Sequence) and not isinstance(actions, str)
    if not listed or not all(_is_pair(each) for each in actions):  # type: ignore[attr-defined]
        raise TypeError(f"{what} has pairs, as in [('playback', 'ivr/welcome')], not {actions!r}")
    if not actions:
        raise ValueError(f"{what} does nothing: it has no pair such as ('playback', 'ivr/welcome')")


def _is_pair(value: object) -> bool:
    return (
        isinstance(value, (tuple, list))
        and len(value) == 2
        and all(isinstance(each, str) for each in value)
    )


def check_variables(what: str, variables: Mapping[str, str] | None) -> None:
    """Raise TypeError or ValueError unless these are names and texts."""
    if variables is None:
        return
    if not isinstance(variables, Mapping):
        raise TypeError(f"{what} maps names to texts, as in {{'account': '7'}}, not {variables!r}")
    for name, value in variables.items():
        check_text(f"a name in {what}", name)
        if {*name} & {*" =\t\n"}:
            raise ValueError(f"{what}: no variable has a name like {name!r}")
        check_text(f"{what}: the value of {name!r}", value, empty=True)


def check_keys(digits: str) -> None:
    """Raise ValueError if ``digits`` are not keys of a telephone."""
    if not are_keys(str(digits)):
        raise ValueError(f"a caller presses the keys 0-9, *, # and A-D, not {digits!r}")


def check_far_end(
    *,
    answers_after: float | None,
    hangs_up_after: float | None,
    rejects: bool,
    presses: Sequence[tuple[float, str]],
    transfers: tuple[float, str] | None,
    says_why: bool,
) -> None:
    """Raise ValueError for what a far end would never come to do: see `FreeSwitch.endpoint`."""
    if answers_after is not None:
        check_seconds("endpoint: answers_after", answers_after)
    if hangs_up_after is not None:
        check_seconds("endpoint: hangs_up_after", hangs_up_after)
    later = [("presses", *each) for each in presses]
    if transfers is not None:
        check_text("endpoint: the extension of transfers", transfers[1])
        later.append(("transfers", *transfers))
    for what, after, keys in later:
        if what == "presses":
            check_keys(keys)
        check_seconds(f"endpoint: the time of {what}", after)
        if hangs_up_after is not None and after > hangs_up_after:
            raise ValueError(
                f"endpoint: {what} comes {after:g} s after the answer, and the far end hangs up "
                f"{hangs_up_after:g} s after it"
            )
    never = "rejects the call" if rejects else "never answers" if answers_after is None else ""
    after_answer = [what for what, _, _ in later]
    after_answer += ["hangs_up_after"] if hangs_up_after is not None else []
    if never and after_answer:
        raise ValueError(f"endpoint: it {never}, so {after_answer[0]} never comes")
    if says_why and hangs_up_after is None:
        raise ValueError("endpoint: cause says why it hangs up, so it needs hangs_up_after")
