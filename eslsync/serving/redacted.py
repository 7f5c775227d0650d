"""Hides values in a recorded conversation: bytes in, bytes of the same kind out."""

from __future__ import annotations

import json
import re
from collections import deque
from contextlib import suppress
from xml.sax.saxutils import escape, unescape

from ..wire.declared import declared
from ..wire.message import unquote
from ..wire.printed import failed, text_of
from ..wire.protocol import Framer, quote
from ..wire.redaction import DTMF, HIDDEN, Redactor
from ..wire.texts import lossless
from ..wire.written_events import BEGINNINGS

__all__ = ["Redacted"]

#: Headers with the argument of an application or a command, and the headers with its name.
#: Together they form a command: ``send_dtmf 1234``.
ARGUMENTS = {
    "Application-Data": "Application",
    "variable_current_application_data": "variable_current_application",
    "variable_last_arg": "variable_last_app",
    "Job-Command-Arg": "Job-Command",
    "API-Command-Argument": "API-Command",
    "execute-app-arg": "execute-app-name",
}
_LENGTH = re.compile(r"^(content-length[ \t]*:[ \t]*)\d+", re.IGNORECASE | re.MULTILINE)
_TYPE = re.compile(r"^content-type[ \t]*:[ \t]*([^\s;]*)", re.IGNORECASE | re.MULTILINE)
_ELEMENT = re.compile(r"<([\w.:-]+)>([^<]+)</\1>")

Whole = tuple[bytes, bytes]


class Redacted:
    """Redacts one conversation; each message is returned when it is complete.

    ``switch`` and ``app`` take the bytes that each side sent. They raise ProtocolError for bytes
    that are not event socket, in which nobody can tell what to hide.
    """

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact
        self._said = Framer[Whole](lambda head, body: (head, body))
        self._asked = Framer[Whole](lambda head, body: (head, body))
        #: The commands that have not been answered.
        self._questions: deque[str] = deque()

    def app(self, data: bytes) -> bytes:
        return b"".join(self._command(*map(lossless, each)) for each in self._asked.feed(data))

    def switch(self, data: bytes) -> bytes:
        return b"".join(self._message(*map(lossless, each)) for each in self._said.feed(data))

    # From the app

    def _command(self, head: str, body: str) -> bytes:
        line, *lines = head.replace("\r", "").split("\n")
        self._questions.append(line)
        if DTMF in self._redact.names:
            self._learn(lines, body)
        if self._redact.may_change(head) or self._redact.may_change(body):
            headers = [(name, value) for name, _, value in (each.partition(": ") for each in lines)]
            given = {name.lower(): value for name, value in headers}
            application = given.get("execute-app-name", "")
            body = self._behind(application, body)
            lines = [
                f"{name}: {self._value(name.lower(), value, application)}"
                for name, value in headers
            ]
            head = "\n".join([self._redact(line), *lines])
        return _whole(head, body)

    def _learn(self, lines: list[str], body: str) -> None:
        """From now on, hide the variable that these commands collect digits into."""
        given = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
        place = declared(given.get("execute-app-name", "")).place("variable")
        if place is not None:
            for name in given.get("execute-app-arg", body).split()[place : place + 1]:
                names = dict.fromkeys((*self._redact.names, name, f"{name}_invalid"))
                with suppress(ValueError):  # not a variable's name
                    self._redact = Redactor(names)

    # From the switch

    def _message(self, head: str, body: str) -> bytes:
        if head.startswith("Event-Name:"):  # the reply to connect
            self._answered()
            return _whole(self._plain(head), body)
        found = _TYPE.search(head)
        kind = found[1].lower() if found else ""
        if kind.startswith("text/event-"):
            return _whole(head, self._event(body))
        if kind == "command/reply":
            head = self._answer(head, self._answered(), "Reply-Text: ")
        elif kind == "api/response":
            body = self._answer(body, self._answered())
        else:
            head, body = self._redact(head), self._redact(body)
        return _whole(head, body)

    def _answered(self) -> str:
        return self._questions.popleft() if self._questions else ""

    def _answer(self, said: str, question: str, before: str = "") -> str:
        """A reply; hidden if the command named something with a hidden value."""
        if said.startswith(BEGINNINGS):  # uuid_dump
            return self._event(said)
        start, _, value = said.partition(before) if before else ("", "", said)
        if self._redact.names_one(question) and value:
            command = question.removeprefix("api ")
            if not value.startswith("+OK") and not failed(value, command) and text_of(value):
                return f"{start}{before}{HIDDEN}"
        return self._redact(said)

    def _event(self, content: str) -> str:
        if not self._redact.may_change(content):
            return content
        if content.startswith("{"):
            return self._json(content)
        if content.startswith("<event>"):
            return self._xml(content)
        head, blank, body = content.partition("\n\n")
        head = self._plain(head)
        if not body:
            return head + blank
        question = " ".join(_of(head, name) for name in ("Job-Command", "Job-Command-Arg"))
        body = self._answer(body, question)
        return _LENGTH.sub(rf"\g<1>{len(_encoded(body))}", head) + blank + body

    def _plain(self, head: str) -> str:
        """The headers of an event, percent-encoded."""
        if not self._redact.may_change(head):
            return head
        lines = head.split("\n")
        known = {name: value for name, _, value in (line.partition(": ") for line in lines)}
        for index, line in enumerate(lines):
            name, _, value = line.partition(": ")
            if self._redact.may_change(line) or name in ARGUMENTS:
                told = _decoded(value)
                named_by = _decoded(known.get(ARGUMENTS.get(name, ""), ""))
                shown = self._value(name, told, named_by)
                if shown != told:
                    lines[index] = f"{name}: {quote(shown)}"
        return "\n".join(lines)

    def _json(self, content: str) -> str:
        try:
            pairs = json.loads(content, object_pairs_hook=list)
        except (ValueError, RecursionError):
            return self._redact(content)
        known = {name: value for name, value in pairs if isinstance(value, str)}
        question = " ".join(known.get(name, "") for name in ("Job-Command", "Job-Command-Arg"))
        fields = []
        for name, value in pairs:
            if name == "_body":
                value = self._answer(value, question)
            elif not isinstance(value, str):  # an array's values
                value = [self._value(name, str(each), "") for each in value or ()]
            elif name == "Content-Length" and "_body" in known:
                value = str(len(_encoded(self._answer(known["_body"], question))))
            else:
                value = self._value(name, value, known.get(ARGUMENTS.get(name, ""), ""))
            fields.append(f"{json.dumps(name)}:{json.dumps(value, ensure_ascii=False)}")
        return "{" + ",".join(fields) + "}"

    def _xml(self, content: str) -> str:
        known = {name: _of_xml(value) for name, value in _ELEMENT.findall(content)}
        question = " ".join(known.get(name, "") for name in ("Job-Command", "Job-Command-Arg"))
        body = self._answer(unescape(known.get("body", "")), question)

        def shown(found: re.Match[str]) -> str:
            name, value = found.groups()
            if name == "body":
                value = escape(body)
            elif name == "Content-Length":
                value = str(len(_encoded(body))) if "body" in known else value
            else:
                told = _of_xml(value)
                less = self._value(name, told, known.get(ARGUMENTS.get(name, ""), ""))
                value = value if less == told else quote(less)
            return f"<{name}>{value}</{name}>"

        return _ELEMENT.sub(shown, content)

    # Values

    def _value(self, name: str, value: str, named_by: str) -> str:
        """The redacted value of a header."""
        if name in ARGUMENTS:
            value = self._behind(named_by, value)
        return self._behind(f"{name}:", value)

    def _behind(self, before: str, value: str) -> str:
        """A value after a text; hidden if the text names something hidden."""
        if not value:
            return value
        line = self._redact(f"{before} {value}".replace("\n", "\0"))
        return line.replace("\0", "\n")[len(before) + 1 :]


def _whole(head: str, body: str) -> bytes:
    content = _encoded(body)
    return _encoded(_LENGTH.sub(rf"\g<1>{len(content)}", head)) + b"\n\n" + content


def _encoded(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def _decoded(value: str) -> str:
    return unquote(_encoded(value))


def _of(head: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*)", head, re.MULTILINE)
    return _decoded(found[1]) if found else ""


def _of_xml(value: str) -> str:
    return _decoded(unescape(value))
