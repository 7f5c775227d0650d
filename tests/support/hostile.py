"""Text of strangers, which must stay text in whatever it is written to."""

from __future__ import annotations

from html.parser import HTMLParser

#: Tags, the beginnings of comments and of placeholders, quotes, entities, escapes of several
#: languages, an escape sequence of terminals, a reversed order.
HOSTILE = (
    "</script><script>alert(1)</script><!--<script> DATA PICTURE $data ${title} %(x)s {0} "
    "\"q\" 'a' &lt; &amp; <b>x</b> \\N \\n #35; #quot; ; --> ]] %%{init}%% `c` | \x1b[2J \u202e x"
)
#: As it is shown: with what is not printable escaped.
TAME = HOSTILE.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")


class Page(HTMLParser):
    """A page as a browser reads it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.shown: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._inside = tag
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_comment(self, data: str) -> None:
        assert "script" not in data

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.shown.append(data)
