"""The formats that a ladder is drawn in."""

from __future__ import annotations

import pytest

from examples.ivr import handler as ivr
from tests.support.calls import play, press_1


def test_an_unknown_format_is_refused() -> None:
    call = play(ivr, press_1)
    with pytest.raises(ValueError, match="must be one of text, svg, mermaid, not 'png'"):
        call.ladder("png")  # type: ignore[arg-type]
