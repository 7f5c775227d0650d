"""The telephone's page in a real browser, used by hand: chromium, driven by Playwright."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("playwright", reason="needs playwright (extra test)")
pytest.importorskip("websockets", reason="needs websockets (extra phone)")

from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright

from eslsync import Outbound
from eslsync.command_line.main import main
from examples.ivr import handler as ivr
from simulator import explore
from simulator.model.endpoint_modules import OTHERS
from simulator.phone.desk import Telephone
from simulator.phone.keeping import ladder
from simulator.phone.maps import MapPage, read_map
from simulator.phone.player import BY_HAND
from simulator.phone.server import PhoneServer
from simulator.phone.sound import find_voice
from simulator.scripts.script import Script
from tests.support.peer import PATIENCE
from tests.support.places import EXAMPLES
from tests.support.terminal import nothing_stays

__all__ = ["nothing_stays"]

expect.set_options(timeout=PATIENCE * 1000)

CHROMIUM = shutil.which("chromium")
VOICE = find_voice("en-us")
RECORD_MESSAGE = (
    "record your message at the tone, press any key or stop talking to end the recording"
)
#: Notes, frame by frame, the captions during which the page sounds; and whether it sounds when it
#: should not.
LISTEN = """
window.sounded = new Set();
window.strays = false;
window.seen = null;
let silent = 0;
const look = () => {
  const level = document.getElementById("level")?.value ?? 0;
  const plays = document.querySelector('#captions [data-how="plays"]');
  silent = plays ? 0 : silent + 1;
  if (level > 0.01 && plays) sounded.add(plays.firstChild.textContent);
  if (level > 0.01 && silent > 5) strays = true;
  requestAnimationFrame(look);
};
look();
"""
#: Selects Next until a place shows a text: each time once the last one has changed something.
#: (Looked at in each frame. A click of Playwright's own takes several.)
GO_ON = """([place, text, changes]) => {
  if (document.querySelector(place)?.textContent.includes(text)) return true;
  const {value, textContent} = document.querySelector(changes);
  if (seen !== (value ?? textContent)) document.getElementById("skip").click();
  seen = value ?? textContent;
  return false;
}"""

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt-get install chromium)"),
    pytest.mark.thorough,
    pytest.mark.usefixtures("programs_begin_warm"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        # a microphone that beeps once a second, and may be used
        arguments += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        with playwright.chromium.launch(executable_path=CHROMIUM, args=arguments) as browser:
            yield browser


class Phone:
    """A page of a telephone, as somebody sees and uses it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE * 1000)
        self.troubles: list[str] = []
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", lambda message: self.troubles.append(message.text))
        self.captions = page.get_by_role("log").get_by_role("listitem")
        self.status = page.get_by_role("status")

    def select(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def speed(self, speed: int) -> None:
        button = self.page.locator(f'[data-speed="{speed}"]')
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")

    def next_until(self, place: str, text: str, changes: str = "#ladder-text") -> None:
        """Go on until a place of the page shows a text.

        Each Next changes something; what was done before must have changed it already.
        """
        self.page.evaluate("seen = null")
        self.page.wait_for_function(GO_ON, arg=[place, text, changes])

    def skip_to(self, caption: str) -> None:
        """Let time pass until a caption is the last one."""
        self.next_until("#captions li:last-child span", caption, changes="#moment")

    def hear(self, caption: str) -> None:
        """Wait until it was heard, aloud."""
        self.page.wait_for_function("caption => sounded.has(caption)", arg=caption)

    def let_pass(self, seconds: float) -> None:
        """Wait for so much of the call's time."""
        clock = "parseFloat(document.getElementById('now').textContent)"
        until = self.page.evaluate(clock) + seconds
        self.page.wait_for_function(f"until => {clock} > until", arg=until)

    @property
    def text(self) -> list[str]:
        """The lines of the ladder as text."""
        return (self.page.locator("#ladder-text").text_content() or "").rstrip().split("\n")

    def rung(self, text: str) -> Locator:
        return self.page.locator("#ladder").get_by_text(text, exact=True)

    @property
    def rungs(self) -> int:
        return self.page.locator("#ladder g[data-moment]").count()

    def keep(self, what: str, folder: Path) -> Path:
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name=what).click()
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path


@contextmanager
def telephone(
    browser: Browser, handler: str, drawn: MapPage | None = None, **call: object
) -> Iterator[Phone]:
    """The page of a telephone that calls a handler."""
    numbers = {"caller": "1001", "destination": "5000"}
    script = Script(handler, call={**numbers, "endpoints": {OTHERS: BY_HAND}, **call})
    telephone = Telephone(script, voice=VOICE, map=drawn)
    with PhoneServer(telephone) as server, browser.new_context() as context:
        phone = Phone(context.new_page())
        phone.page.add_init_script(LISTEN)
        phone.page.goto(server.address)
        yield phone
        assert not phone.troubles
        assert not phone.page.evaluate("strays")


@pytest.fixture
def phone(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Phone]:
    with telephone(browser, str(EXAMPLES / request.param)) as phone:
        yield phone


@pytest.mark.parametrize("phone", ["voicemail.py"], indirect=True)
def test_a_message_is_left_and_listened_to_and_the_saved_script_makes_the_same_call(
    phone: Phone, tmp_path: Path
) -> None:
    page = phone.page
    expect(phone.status).to_have_text("Ready to call.")
    page.get_by_label("Your number").fill("1002")
    phone.select("Call")
    if VOICE:
        phone.hear(RECORD_MESSAGE)
    phone.speed(0)
    phone.skip_to(RECORD_MESSAGE)
    expect(page.locator("#sound-said")).to_have_text("Silent: time stands still.")
    page.keyboard.press("1")  # as on a telephone, which cuts the prompt
    phone.skip_to("(a tone)")
    expect(phone.captions.first).to_have_attribute("data-how", "cut")
    phone.speed(1)
    expect(page.locator("#where")).to_contain_text("waits for record in leave_message")
    page.locator("#source [aria-current]").get_by_text("recorded = channel.record(").wait_for()
    expect(page.locator("#voice-said")).to_have_text("Speak: you are recorded.")
    phone.let_pass(1.5)
    page.keyboard.press("#")
    expect(page.locator("#voice-said")).to_be_empty()
    phone.speed(0)
    phone.skip_to("to listen to the recording")
    phone.select("1")
    phone.speed(1)
    phone.hear("(what you said)")
    phone.speed(0)
    phone.skip_to("to save the recording")
    phone.select("3")  # is no choice
    phone.skip_to("to save the recording")
    phone.select("pound")
    phone.skip_to("saved")
    phone.select("Hang up")
    expect(phone.status).to_have_text("The call has ended.")
    deeds = re.findall("presses .|talks|hangs up", "\n".join(phone.text))
    assert "talks" in deeds
    assert [each for each in deeds if each != "talks"][:6] == [
        *("presses 1", "presses #", "presses 1", "presses 3", "presses #", "hangs up")
    ]
    kept = phone.keep("caller script", tmp_path)
    assert kept.name == "voicemail.call.yaml"
    made = Script.read(kept).run()
    assert ladder(made.transcript.entries).split("\n") == phone.text
    assert phone.rungs == sum("<g " in line for line in made.ladder("svg").split("\n")) > 20
    done = CliRunner().invoke(main, ["call", "--script", str(kept)])
    assert done.exit_code == 0, done.output
    assert phone.keep("ladder", tmp_path).read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.parametrize("phone", ["ivr.py"], indirect=True)
def test_steps_back_and_another_key_keep_the_ladder_up_to_there(
    phone: Phone, tmp_path: Path
) -> None:
    page = phone.page
    page.set_viewport_size({"width": 390, "height": 844})
    phone.select("Call")
    phone.speed(0)
    phone.skip_to("welcome")
    phone.select("1")
    phone.skip_to("option-1")
    phone.select("2")
    phone.rung("presses 2").wait_for()
    first = phone.text
    box = page.locator("main").bounding_box()
    assert box is not None
    assert box["width"] <= 390
    # on a rung, with the slider, and on a rung again
    phone.rung("presses 2").click()
    expect(phone.rung("presses 2")).to_have_count(0)
    page.get_by_label("Back to").press("ArrowLeft")
    expect(phone.rung("ivr/ivr-option-1")).to_have_count(0)
    phone.rung("presses 1").click()
    expect(phone.rung("presses 1")).to_have_count(0)
    page.reload()
    expect(phone.captions).to_have_text(["welcome"])
    stood = phone.text
    phone.select("4")
    phone.skip_to("option-4")
    assert first[: len(stood)] == stood == phone.text[: len(stood)]
    with page.context.new_page() as other:
        other.goto(page.url)
        expect(other.get_by_role("log").get_by_role("listitem").last).to_have_text("option-4")
        other.get_by_role("button", name="Hang up").click()
    expect(phone.status).to_have_text("The call has ended.")
    test = phone.keep("pytest test", tmp_path).read_text(encoding="utf-8")
    names: dict[str, object] = {"__file__": str(tmp_path / "test_ivr.py")}
    exec(test, names)
    names["test_ivr"]()  # type: ignore[operator]
    phone.select("Back")
    expect(phone.status).to_have_text("The call is up, and time stands still.")
    expect(phone.rung("presses 4")).to_have_count(1)
    phone.select("Back")
    expect(phone.rung("presses 4")).to_have_count(0)
    expect(phone.captions).to_have_text(["welcome"])
    phone.select("Next")
    phone.rung("end of ivr/ivr-welcome").wait_for()


def test_of_another_program_time_is_everybodys(browser: Browser) -> None:
    app = Outbound(ivr, port=0)
    app.start(block=False)
    lasts = {"ivr/ivr-option-4": PATIENCE}
    with app, telephone(browser, f"127.0.0.1:{app.port}", prompts=lasts) as phone:
        page = phone.page
        expect(page.get_by_text("The program has a clock of its own")).to_be_visible()
        phone.select("Call")
        expect(phone.captions).to_have_text(["welcome"])
        for name in ("Pause", "Next", "Back"):
            expect(page.get_by_role("button", name=name)).to_be_disabled()
        expect(page.get_by_label("Back to")).to_be_disabled()
        phone.select("4")
        phone.rung("presses 4").wait_for()
        expect(page.locator("#where")).to_contain_text("is another program")
        phone.select("Hang up")
        expect(phone.status).to_have_text("The call has ended.")
        expect(page.get_by_role("alert")).to_be_hidden()


def test_a_spot_of_a_map_is_called_and_the_map_can_do_nothing_else(
    browser: Browser, tmp_path: Path
) -> None:
    app = str(EXAMPLES / "ivr.py")
    drawn = read_map(explore(app, keys="4", calls=20, workers=1).draw(tmp_path / "ivr.html"))
    with telephone(browser, app, drawn) as phone:
        page = phone.page
        page.get_by_role("link", name="Map").click()
        page.locator("g.node", has_text="option-4").click()
        assert page.evaluate("origin") == "null"
        why = page.evaluate("""() => new Promise(done => {
            const address = new URL("socket", location.href);
            const socket = new WebSocket(address.href.replace("http", "ws"));
            socket.onopen = () => done("open");
            socket.onerror = () => done("refused");
        })""")
        assert why == "refused"
        phone.troubles.clear()  # which say just that
        page.get_by_role("link", name="Call, and stand here").click()
        expect(phone.captions.last).to_have_text("option-4")
        expect(page.locator("#now")).to_have_text(re.compile(r"^\d\.\d{3} s$"))  # stands still
        assert "spot" not in page.url
        page.reload()
        expect(phone.captions.last).to_have_text("option-4")
    with browser.new_context() as context:
        static = context.new_page()
        static.goto(drawn.path.as_uri())
        static.locator("g.node", has_text="option-4").click()
        command = static.get_by_text("eslsync phone --map").inner_text()
        assert re.fullmatch(r"eslsync phone --map ivr\.html --spot \d+", command)


def test_caller_and_agent_have_a_browser_each(browser: Browser, tmp_path: Path) -> None:
    handler = str(EXAMPLES / "screening.py")
    with telephone(browser, handler) as phone, browser.new_context() as elsewhere:
        agent = Phone(elsewhere.new_page())
        late: list[Route] = []
        agent.page.route("**/lines.js", lambda route: late.append(route))
        agent.page.goto(f"{phone.page.url}?phone=user/1000", wait_until="commit")
        agent.page.evaluate("() => fetch('ring.js').then(() => fetch('sound.js'))")
        while not late:
            agent.page.evaluate("0")  # which also brings what the browser tells
        expect(agent.status).to_have_text("Connecting…")  # or it would miss the state
        late.pop().continue_()
        expect(agent.page.get_by_text("Nobody calls user/1000.")).to_be_visible()
        expect(agent.page.get_by_label("Dial")).to_be_hidden()
        phone.select("Call")
        phone.speed(0)
        phone.next_until("#where", "waits for record")
        phone.page.keyboard.press("#")
        phone.rung("presses #").wait_for()
        phone.next_until("#others article", "user/1000")
        expect(phone.page.get_by_role("article", name="Telephone of user/1000")).to_be_visible()
        answer = agent.page.get_by_role("button", name="Answer")
        expect(answer).to_be_focused()  # as nothing else was
        assert agent.page.title().startswith("☎ user/1000")
        rings = agent.page.locator("#rings")
        agent.page.keyboard.press("Shift")  # the browser lets a page sound that is used
        phone.speed(1)
        expect(rings).to_have_attribute("data-aloud", "true")
        phone.speed(0)
        expect(rings).to_have_attribute("data-aloud", "false")
        answer.press("Enter")
        expect(agent.page.get_by_text("Answered; 1001 called.")).to_be_visible()
        phone.next_until("#others article", "to send to voicemail, press 3")
        expect(agent.captions.get_by_text("to send to voicemail, press 3")).to_be_visible()
        agent.page.keyboard.press("1")
        phone.rung("presses 1").wait_for()
        phone.next_until("#ladder-text", "bridged to user/1000")
        phone.page.keyboard.press("5")  # is the caller's
        agent.select("Hang up")
        expect(agent.page.get_by_text("Over: NORMAL_CLEARING.")).to_be_visible()
        phone.speed(10)
        expect(phone.status).to_have_text("The call has ended.")
        acts = re.findall(
            "presses .|user/1000 (?:answers|presses .|hangs up)", "\n".join(phone.text)
        )
        assert acts == [
            *("presses #", "user/1000 answers", "user/1000 presses 1"),
            *("presses 5", "user/1000 hangs up"),
        ]
        made = Script.read(phone.keep("caller script", tmp_path)).run()
        assert ladder(made.transcript.entries).split("\n") == phone.text
        assert not agent.troubles


#: What a page of another site tries that even knows the address.
ATTACK = """async (address) => {
    const attempts = {
        socket: () => new Promise((done, failed) => {
            const socket = new WebSocket(address.replace("http", "ws") + "socket");
            socket.onopen = done;
            socket.onerror = failed;
        }),
        reading: () => fetch(address + "script.yaml"),
        asking: () => fetch(address, {mode: "no-cors"}),
        script: () => import(address + "phone.js"),
    };
    const did = [];
    for (const [what, attempt] of Object.entries(attempts)) {
        await attempt().then(() => did.push(what), () => {});
    }
    return did;
}"""


def test_a_page_of_another_site_can_do_nothing(browser: Browser) -> None:
    with telephone(browser, str(EXAMPLES / "ivr.py")) as phone:
        expect(phone.status).to_have_text("Ready to call.")
        with phone.page.context.new_page() as evil:
            site = "http://127.0.0.1:1/"
            evil.route(site, lambda route: route.fulfill(body="<p>", content_type="text/html"))
            evil.goto(site)
            assert evil.evaluate(ATTACK, phone.page.url) == []
        expect(phone.status).to_have_text("Ready to call.")
        assert phone.page.evaluate(ATTACK, phone.page.url) != []  # but the telephone's can
