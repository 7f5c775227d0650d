"""PCRE in Python's terms. What is expected here is what libpcre 8.39 and libpcre2 10.42 answer."""

from __future__ import annotations

import re

import pytest

from simulator.model.pcre import Unsupported, compile_pcre
from tests.support.cases import for_each


@for_each(
    ("pattern", "text", "groups"),
    [
        (r"[[:digit:]]+", "ab12", ["12"]),
        (r"[^[:alpha:]-]", "a-5", ["5"]),
        (r"[[:^digit:]]", "1a", ["a"]),
        (r"\Qa.b\E+", "axb a.bb", ["a.bb"]),
        (r"(?<first>a)(?'second'b)\k<first>\g{2}", "abab", ["abab", "a", "b"]),
        (r"a(?i)b|c", "xC", ["C"]),
        (r"(a(?i)b)c", "aBc aBC", ["aBc", "aB"]),
        (r"a{,2}", "a{,2}", ["a{,2}"]),
        (r"x\Z", "x\n", ["x"]),
        (r"x\z", "x\nx", ["x"]),
        (r"\h\N\R", "\ta\r\n", ["\ta\r\n"]),
        (r"\x{61}\142\o{143}\cA", "abc\x01", ["abc\x01"]),
        (r"\_\-\#", "_-#", ["_-#"]),
        (r"\d\w", "٣é 1a", ["1a"]),
        (r"\B", "", [""]),
        (r"(?#first)a", "a", ["a"]),
    ],
)
def test_both_lines_match(pattern: str, text: str, groups: list[str]) -> None:
    for pcre2 in (False, True):
        found = compile_pcre(pattern, pcre2=pcre2).search(text)
        assert found is not None
        assert [found[0], *found.groups()] == groups


@for_each("pattern", ["(", ")", "[a", "a**", r"\L", "[[:foo:]]", "[[.a.]]", "a\\"])
def test_neither_line_compiles(pattern: str) -> None:
    for pcre2 in (False, True):
        with pytest.raises(re.error):
            compile_pcre(pattern, pcre2=pcre2)


@pytest.mark.parametrize("pattern", [r"\y", r"[\y]", r"\i"])
def test_pcre2_knows_its_escapes(pattern: str) -> None:
    assert compile_pcre(pattern, pcre2=False).search("yi") is not None
    with pytest.raises(re.error):
        compile_pcre(pattern, pcre2=True)


@for_each("pattern", ["(?|a|b)", r"a\K", "(?R)", r"(?<=a|bc)d", r"(*ACCEPT)", r"\1(a)"])
def test_what_python_lacks_is_told(pattern: str) -> None:
    with pytest.raises(Unsupported):
        compile_pcre(pattern, pcre2=True)
