"""Text that user code gets, and the bytes that it stands for."""

from __future__ import annotations

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
