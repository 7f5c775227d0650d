"""Ladders as SVG: of simulated calls, and of every recording."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from eslsync import Session
from examples.ivr import handler as ivr
from simulator import Call
from simulator.recordings.reading import Recording
from simulator.scripts.script import run_script
from tests.support.calls import play, press_1
from tests.support.cases import for_each
from tests.support.drawn import COLUMN, contrast
from tests.support.places import RECORDINGS
from tests.support.recorded import various

SVG = "{http://www.w3.org/2000/svg}"


class Picture:
    """A parsed SVG."""

    def __init__(self, svg: str) -> None:
        self.root = ElementTree.fromstring(svg)
        self.size = tuple(float(self.root.attrib[name]) for name in ("width", "height"))

    @property
    def texts(self) -> list[str]:
        return [each.text or "" for each in self.root.iter(f"{SVG}text")]

    def of(self, kind: str) -> list[ElementTree.Element]:
        return [each for each in self.root.iter() if kind in each.get("class", "").split()]

    @property
    def lanes(self) -> list[str]:
        """The names of the lifelines, from left to right."""
        heads = sorted(self.of("name"), key=lambda each: float(each.attrib["x"]))
        return list(dict.fromkeys(each.text or "" for each in heads))


def test_a_call_is_drawn_as_svg() -> None:
    picture = Picture(play(ivr, press_1).ladder("svg"))
    assert picture.lanes == ["caller", "switch", "app"]
    said = picture.texts
    for text in ("1001 calls 5000", "presses 1", "DTMF 1", "playback ivr/ivr-option-1", "2.0 s"):
        assert text in said
    assert said.index("presses 1") < said.index("playback ivr/ivr-option-1")
    assert [each.text for each in picture.of("time")][:3] == ["0.000", "0.020", "0.040"]
    assert len(picture.of("bar")) == 2, "two prompts"


def test_the_drawing_is_the_same_on_every_run() -> None:
    assert play(ivr, press_1).ladder("svg") == play(ivr, press_1).ladder("svg")


def test_paused_and_cut_prompts_are_drawn_as_bars() -> None:
    """The welcome is interrupted by the option, goes on, and is cut by the hangup."""

    def script(call: Call) -> None:
        call.hear("ivr/ivr-welcome", start=True)
        call.press("1")
        call.hear("ivr/ivr-option-1", start=True)
        call.say_nothing(0.5)
        call.hangup()

    bars = Picture(play(ivr, script).ladder("svg"))
    assert len(bars.of("paused")) == 1
    assert len(bars.of("cut")) == 2


def test_other_legs_have_lifelines() -> None:
    call = run_script("examples/ring_two.call.yaml")
    picture = Picture(call.ladder("svg"))
    assert picture.lanes == ["caller", "user/1000", "user/1001", "switch", "app"]
    assert "rejects: USER_BUSY" in picture.texts
    assert [each.tag for each in picture.of("bridge")] == [f"{SVG}g"]
    mermaid = call.ladder("mermaid")
    assert "participant p1 as user/1000" in mermaid
    assert "    p1->>p3: rejects: USER_BUSY" in re.sub(r"\d+\.\d{3}  ", "", mermaid)
    assert "    p0<<->>p2: bridged" in re.sub(r"\d+\.\d{3}  ", "", mermaid)


def test_text_is_never_taken_for_markup() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback('<b>&"#;end')
        raise ValueError("<script>; #1")

    call = play(handler, lambda call: None)
    assert '<b>&"#;end' in Picture(call.ladder("svg")).texts
    told = call.ladder("mermaid")
    assert "raises ValueError: #60;script#62;#59; #35;1" in told
    assert "<b>" not in told


def test_long_texts_are_cut() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.set("big", "x" * 100_000)
        session.channel.hangup()

    drawn = play(handler, lambda call: None).ladder("svg")
    assert len(drawn) < 20_000
    assert any(text.endswith("…") for text in Picture(drawn).texts)


# In a column of 830 pixels, on a light page and on a dark one


def test_a_call_with_long_names_can_be_read_in_a_column() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.bridge(
            "loopback/a_long_name_of_a_far_end_that_goes_on/and_on", ring_timeout=1
        )
        session.channel.playback("a/long/name/" * 10)

    drawn = play(handler, lambda call: None).ladder("svg")
    sizes = map(float, re.findall(r"font(?:-size)?: (\d+)px", drawn))
    assert min(sizes) * COLUMN / Picture(drawn).size[0] > 10.9


def test_letters_and_lines_stand_out_from_the_paper_light_and_dark() -> None:
    drawn = play(ivr, press_1).ladder("svg")
    [style] = re.findall(r"<style>(.*)</style>", drawn, re.DOTALL)
    light, _, dark = style.partition("@media (prefers-color-scheme: dark) {")
    colours: dict[str, str] = {}
    for rules in (light, dark):
        for selectors, named, colour in re.findall(
            r"([^{}]+)\{[^}]*?(fill|stroke): (#\w{6})", rules
        ):
            for selector in selectors.split(","):
                colours[f"{selector.strip()} {named}"] = colour
        paper = colours[".ladder .paper fill"]
        for what, colour in colours.items():
            if what.endswith(("text fill", ".about fill", ".time fill", ".key fill")):
                assert contrast(colour, paper) >= 4.5, what
            elif what.endswith(("line stroke", "tip fill", "life stroke", "cut stroke")):
                assert contrast(colour, paper) >= 3, what


def test_the_legend_explains_what_occurs() -> None:
    def keys(svg: str) -> list[str | None]:
        return [each.text for each in Picture(svg).of("key")]

    def cut(call: Call) -> None:
        call.hear("ivr/ivr-welcome", start=True)
        call.hangup()

    assert keys(play(ivr, press_1).ladder("svg")) == ["a prompt", "time passes"]
    assert keys(play(ivr, cut).ladder("svg")) == ["a prompt", "a prompt is cut"]


# Recordings


@pytest.mark.thorough
@for_each("name", various())
def test_a_recording_is_drawn_within_its_paper(name: str) -> None:
    recording = Recording.read(RECORDINGS / f"{name}.jsonl")
    picture = Picture(recording.ladder("svg"))
    width, height = picture.size
    assert width <= 900 or len(picture.lanes) > 8
    for text in picture.root.iter(f"{SVG}text"):
        assert 0 < float(text.attrib["x"]) < width
        assert 0 < float(text.attrib["y"]) < height
    assert picture.lanes[-2:] == ["switch", "app"]
    mermaid = recording.ladder("mermaid")
    activations = mermaid.count("-)+"), mermaid.count("deactivate ")
    assert activations[0] >= activations[1]
