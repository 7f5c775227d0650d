"""Hides values in a recorded conversation: bytes in, bytes of the same kind out."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping, Sequence
from html import unescape
from xml.sax.saxutils import escape

from ..wire.message import unquote
from ..wire.printed import failed, text_of
from ..wire.protocol import Framer, quote
from ..wire.redaction import HIDDEN, Redactor
from ..wire.secrets import ARGUMENTS, Secrets
from ..wire.texts import lossless
from ..wire.written_events import BEGINNINGS

__all__ = ["Redacted"]

_LENGTH = re.compile(r"^(content-length[ \t]*:[ \t]*)\d+", re.IGNORECASE | re.MULTILINE)
_TYPE = re.compile(r"^content-type[ \t]*:[ \t]*([^\s;]*)", re.IGNORECASE | re.MULTILINE)
_ELEMENT = re.compile(r"<([\w.:-]+)>([^<]+)</\1>")

#: The event whose body is what a recognizer has understood, and the variable that has it, too.
_SPEECH, _SAID = "DETECTED_SPEECH", "detect_speech_result"

Whole = tuple[bytes, bytes]


class Redacted:
    """Redacts one conversation; each message is returned when it is complete.

    ``switch`` and ``app`` take the bytes that each side sent. They raise ProtocolError for bytes
    that are not event socket, in which nobody can tell what to hide.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._secrets = Secrets(redactor)
        self._hides_speech = redactor.names_one(_SAID)
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
        secrets = self._secrets
        line, *lines = head.replace("\r", "").split("\n")
        self._questions.append(line)
        headers = [
            (name, value.removeprefix(" "))
            for name, _, value in (each.partition(":") for each in lines)
        ]
        secrets.sent(line, headers, body)
        if secrets.may_hide(head) or secrets.may_hide(body):
            given = {name.lower(): value for name, value in headers}
            application = given.get("execute-app-name", "")
            if body:
                name = "execute-app-arg" if application else ""
                body = secrets.header(name, body, application)
            lines = [
                f"{name}: {secrets.header(name, value, application)}" for name, value in headers
            ]
            head = "\n".join([secrets(line, words=True), *lines])
        return _whole(head, body)

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
            head, body = self._lines(head), self._secrets(body)
        return _whole(head, body)

    def _answered(self) -> str:
        return self._questions.popleft() if self._questions else ""

    def _answer(self, said: str, question: str, before: str = "") -> str:
        """A reply; hidden if the command named something with a hidden value."""
        if said.startswith(BEGINNINGS):  # uuid_dump
            return self._event(said)
        start, _, value = said.partition(before) if before else ("", "", said)
        self._secrets.answered(question, value)
        if self._secrets.names_one(question) and value:
            command = question.removeprefix("api ")
            if not value.startswith("+OK") and not failed(value, command) and text_of(value):
                return f"{start}{before}{HIDDEN}"
        return self._lines(said) if before else self._secrets(said, words=True)

    def _lines(self, head: str) -> str:
        """Headers that are not encoded; one may have several lines."""
        lines = []
        for line in head.split("\n"):
            name, colon, value = line.partition(": ")
            shown = f"{name}: {self._secrets.header(name, value)}" if colon else self._secrets(line)
            lines.append(shown)
        return "\n".join(lines)

    def _event(self, content: str) -> str:
        if not ((self._hides_speech and _SPEECH in content) or self._secrets.may_hide(content)):
            return content
        if content.startswith("{"):
            return self._json(content)
        if content.startswith("<event>"):
            return self._xml(content)
        head, blank, body = content.partition("\n\n")
        head = self._plain(head)
        if not body:
            return head + blank
        asked = ("Event-Name", "Job-Command", "Job-Command-Arg")
        body = self._answer(body, _question({name: _of(head, name) for name in asked}))
        return _LENGTH.sub(rf"\g<1>{len(_encoded(body))}", head) + blank + body

    def _plain(self, head: str) -> str:
        """The headers of an event, percent-encoded."""
        if not self._secrets.may_hide(head) or not (
            self._secrets.tells(head) or self._secrets.may_know(_decoded(head))
        ):
            return head
        lines = [line.partition(": ") for line in head.split("\n")]
        headers = [(name, _decoded(value)) for name, _, value in lines]
        shown = self._headers(headers)
        return "\n".join(
            f"{name}{colon}{quote(less) if less != told else value}"
            for (name, colon, value), (_, told), less in zip(lines, headers, shown, strict=True)
        )

    def _learn(self, headers: Sequence[tuple[str, str]]) -> None:
        self._secrets.event(headers)
        known = dict(headers)
        if known.get("Event-Name") == "DTMF":
            self._secrets.pressed(known.get("Unique-ID", ""), known.get("DTMF-Digit", ""))

    def _headers(self, headers: Sequence[tuple[str, str]]) -> list[str]:
        """The values of an event's headers."""
        self._learn(headers)
        known = dict(headers)
        secrets = self._secrets
        text = "\n".join(known.values())
        all_may = secrets.may_know(text) or secrets.tells(text)
        return [
            secrets.header(name, value, known.get(ARGUMENTS.get(name, ""), ""))
            if all_may or name in ARGUMENTS or secrets.hides(name)
            else value
            for name, value in headers
        ]

    def _json(self, content: str) -> str:
        try:
            pairs = json.loads(content, object_pairs_hook=list)
        except (ValueError, RecursionError):
            return self._secrets(content)
        known = {name: value for name, value in pairs if isinstance(value, str)}
        self._learn(
            [
                (name, str(each))
                for name, value in pairs
                for each in ([value] if isinstance(value, str) else value or ())
            ]
        )
        body = self._answer(known.get("_body", ""), _question(known))
        fields = []
        for name, value in pairs:
            command = known.get(ARGUMENTS.get(name, ""), "")
            if name == "_body":
                value = body
            elif not isinstance(value, str):  # an array's values
                value = [self._secrets.header(name, str(each)) for each in value or ()]
            elif name == "Content-Length" and "_body" in known:
                value = str(len(_encoded(body)))
            else:
                value = self._secrets.header(name, value, command)
            fields.append(f"{json.dumps(name)}:{json.dumps(value, ensure_ascii=False)}")
        return "{" + ",".join(fields) + "}"

    def _xml(self, content: str) -> str:
        found = [(name, _of_xml(value)) for name, value in _ELEMENT.findall(content)]
        known = dict(found)
        self._learn(found)
        told_body = unescape(dict(_ELEMENT.findall(content)).get("body", ""))
        body = self._answer(told_body, _question(known))

        def shown(found: re.Match[str]) -> str:
            name, value = found.groups()
            if name == "body":
                value = value if body == told_body else escape(body)
            elif name == "Content-Length":
                value = str(len(_encoded(body))) if "body" in known else value
            else:
                told = _of_xml(value)
                less = self._secrets.header(name, told, known.get(ARGUMENTS.get(name, ""), ""))
                value = value if less == told else quote(less)
            return f"<{name}>{value}</{name}>"

        return _ELEMENT.sub(shown, content)


def _question(event: Mapping[str, str]) -> str:
    """The command that an event's body answers, or the variable that has the same."""
    if event.get("Event-Name") == _SPEECH:
        return _SAID
    return f"{event.get('Job-Command', '')} {event.get('Job-Command-Arg', '')}"


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
