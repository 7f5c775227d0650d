"""An extension of griffe, which reads the code for the reference: docstrings as Markdown.

What is in single backticks leads to its entry, and a page of docs/ to that page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import griffe

from docs.public_names import exported

#: A page that a docstring names, and a heading of it.
_PAGE = re.compile(r"\bdocs/([\w/-]+)\.md(?:#([\w-]+))?")
_NAME = re.compile(r"(?<!`)`([A-Za-z_][\w.]*)`(?!`)")
#: Where to look for a name that stands alone.
_PACKAGES = ("eslsync", "simulator")
#: The bases of enumerations.
ENUMS = ("Enum", "Word")


class Docstrings(griffe.Extension):
    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        if obj.docstring:
            home = obj if obj.is_class else obj.parent
            obj.docstring.value = markdown(obj.docstring.value, home.name if home else "")
            if obj.is_class and any(str(base) in ENUMS for base in obj.bases):
                obj.docstring.value += f"\n\nMembers: {', '.join(members(obj))}."


def members(enum: griffe.Object) -> Iterator[str]:
    """The members of an enumeration, which have no docstrings of their own."""
    for name, member in enum.members.items():
        if member.is_attribute and name.isupper():
            yield f"`{name}`"


def markdown(text: str, home: str) -> str:
    """A docstring as Markdown; ``home`` is the class that it is in."""
    text = re.sub(r"::$", ":", text, flags=re.MULTILINE)
    text = _PAGE.sub(page_link, text)
    return _NAME.sub(lambda found: reference(found[1], home) or found[0], text)


def page_link(found: re.Match[str]) -> str:
    """The link to a page; hooks.py completes it."""
    words = (found[2] or found[1].rpartition("/")[2]).replace("-", " ")
    return f"[{words}](docs:{found[1]}.md{'#' + found[2] if found[2] else ''})"


def reference(name: str, home: str) -> str | None:
    """A link to a public name, or to a method of its own class; text if that is not there."""
    first = name.partition(".")[0]
    for package in _PACKAGES:
        public = exported(package)
        if first in public:
            return linked(f"{package}.{name}", name)
        home = "Channel" if home.endswith("Applications") else home
        if home in public and "." not in name:
            return linked(f"{package}.{home}.{name}", name)
    return None


def linked(identifier: str, name: str) -> str:
    return f'<autoref identifier="{identifier}" optional><code>{name}</code></autoref>'
