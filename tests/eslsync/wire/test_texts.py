"""Text that user code gets, and the bytes that it stands for."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eslsync.wire.texts import NotUTF8, bytes_of, readable, sendable, without_line_end


@given(st.binary(max_size=40))
def test_what_is_read_can_be_encoded_and_sent_back(data: bytes) -> None:
    text = readable(data)
    assert text.encode().decode() == text
    assert bytes_of(sendable(text)) == bytes_of(sendable(data)) == data
    assert isinstance(text, NotUTF8) == (data != text.encode())


@given(st.text(max_size=40).filter(lambda text: "\udcff" not in text))
def test_what_is_utf_8_is_plain_text(text: str) -> None:
    assert type(readable(text.encode("utf-8", "ignore"))) is str


def test_a_line_end_is_taken_off_the_bytes_as_well() -> None:
    text = without_line_end(readable(b"Jos\xe9\n\n"))
    assert text == "Jos\ufffd"
    assert sendable(text) == "Jos\udce9"


@pytest.mark.parametrize(
    ("text", "repaired"), [("PIN \ud83d", "PIN \ufffd"), ("PIN \ud83d\ude00", "PIN 😀")]
)
def test_half_a_surrogate_pair_is_refused_with_advice_that_works(text: str, repaired: str) -> None:
    with pytest.raises(ValueError, match=r"pair can't be sent: '\\ud83d' at index 4;") as caught:
        bytes_of(text)
    assert "PIN" not in str(caught.value)  # it may be secret, and so may what is behind it
    assert caught.value.__context__ is None
    advice = re.search(r"text\..*", str(caught.value))
    assert advice is not None
    assert eval(advice[0]) == repaired
    bytes_of(repaired)
