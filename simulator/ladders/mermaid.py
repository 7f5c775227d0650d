"""A call drawn as a ladder, in a Mermaid sequence diagram: text that many sites draw."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from eslsync.wire.shown import printable

from .rungs import PAUSE, is_prompt, same_time, shown, span
from .svg import lanes, lasts
from .transcript import Entry

__all__ = ["mermaid"]


def mermaid(entries: Iterable[Entry], *, title: str = "") -> str:
    """The ladder as the text of a Mermaid diagram."""
    return "\n".join([*lines(shown(entries), title), ""])


def lines(entries: list[Entry], title: str) -> Iterator[str]:
    if title:
        yield f"---\ntitle: {quoted(title)}\n---"
    yield "sequenceDiagram"
    spans = [span(entry) for entry in entries]
    ids = {name: f"p{number}" for number, name in enumerate(lanes(spans))}
    for name, each in ids.items():
        yield f"    participant {each} as {escaped(name)}"
    everybody = f"{ids[next(iter(ids))]},{ids['app']}"
    playing: list[str] = []
    before: float | None = None
    for entry, where in zip(entries, spans, strict=True):
        passed = 0.0 if before is None else entry.time - before
        if passed >= PAUSE:
            yield f"    Note over {everybody}: {lasts(passed)}"
        said = escaped(where.text)
        if not same_time(entry.time, before):
            said = f"{entry.time:.3f}  {said}"
        before = entry.time
        start, end = ids[where.start], ids[where.end]
        verb = entry.text.partition(" ")[0] if is_prompt(entry) else ""
        if verb in ("ends", "cuts"):
            yield f"    Note right of {end}: {said}"
            if playing:
                playing.pop()
                yield f"    deactivate {end}"
        elif verb == "plays":
            playing.append(where.text)
            yield f"    {start}-)+{end}: {said}"
        elif verb or start == end:
            yield f"    Note right of {end}: {said}" if verb else f"    Note over {end}: {said}"
        elif where.mutual:
            yield f"    {start}<<->>{end}: {said}"
        else:
            yield f"    {start}->>{end}: {said}"


def escaped(text: str) -> str:
    """The text, with Mermaid's and HTML's special characters escaped."""
    return re.sub(r"[#;<>{}\"&`|]|%(?=%)", lambda found: f"#{ord(found[0])};", printable(text))


def quoted(text: str) -> str:
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
