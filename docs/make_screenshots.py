"""The pictures in docs/guides/phone.md: the telephone's page, in Debian's chromium.

python docs/make_screenshots.py    # write docs/guides/phone/*.png; needs .[phone,test]

They are looked at, not compared: another chromium draws other letters.
"""

from __future__ import annotations

import os
import shutil
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from simulator.model.endpoint_modules import OTHERS
from simulator.phone.desk import Telephone
from simulator.phone.player import BY_HAND
from simulator.phone.server import PhoneServer
from simulator.scripts.script import Script

FOLDER = Path(__file__).resolve().parent / "guides/phone"
ROOT = Path(__file__).resolve().parents[1]
#: Most "Next" until a caption comes.
PATIENCE = 60


@dataclass(frozen=True)
class Picture:
    """What is done in a page before it is taken."""

    name: str
    app: str
    #: Keys, and captions up to which time passes.
    story: tuple[str, ...] = ()
    width: int = 1400
    height: int = 860
    dark: bool = False


RECORD_MESSAGE = (
    "record your message at the tone, press any key or stop talking to end the recording"
)
VOICEMAIL = (RECORD_MESSAGE, "5", "to listen to the recording")
PICTURES = [
    Picture("ready", "voicemail.py"),
    Picture("voicemail", "voicemail.py", VOICEMAIL),
    Picture("voicemail-dark", "voicemail.py", VOICEMAIL, dark=True),
    Picture("ivr-narrow", "ivr.py", ("welcome", "1", "option-1"), 390, 844),
    Picture("ivr-narrow-dark", "ivr.py", ("welcome", "1", "option-1"), 390, 844, dark=True),
]


def telephone(app: str) -> Telephone:
    call = {"caller": "1001", "destination": "5000", "endpoints": {OTHERS: BY_HAND}}
    return Telephone(Script(f"examples/{app}", call=call))


def take(browser: Browser, picture: Picture) -> None:
    size = {"width": picture.width, "height": picture.height}
    scheme = "dark" if picture.dark else "light"
    with (
        PhoneServer(telephone(picture.app)) as server,
        browser.new_context(viewport=size, color_scheme=scheme) as context,  # type: ignore[arg-type]
    ):
        page = context.new_page()
        page.goto(server.address)
        expect(page.get_by_role("status")).to_have_text("Ready to call.")
        if picture.story:
            call(page)
        for each in picture.story:
            if len(each) == 1:
                page.keyboard.press(each)
            else:
                skip_to(page, each)
        page.mouse.move(0, 0)
        page.screenshot(path=FOLDER / f"{picture.name}.png", full_page=picture.width < 800)


def take_two(browser: Browser) -> None:
    """Two pages, of caller and agent, side by side."""
    size = {"width": 560, "height": 860}
    with (
        PhoneServer(telephone("screening.py")) as server,
        browser.new_context(viewport=size) as context,  # type: ignore[arg-type]
    ):
        caller, agent, both = (context.new_page() for _ in range(3))
        caller.goto(f"{server.address}?phone=caller")
        agent.goto(f"{server.address}?phone=user/1000")
        call(caller)
        next_until(caller, caller.locator("#where").get_by_text("waits for record"))
        caller.keyboard.press("#")
        answer = agent.get_by_role("button", name="Answer")
        next_until(caller, answer)
        answer.click()
        asked = agent.locator("#lines li").get_by_text("to send to voicemail, press 3")
        next_until(caller, asked)
        pages = []
        for page in (caller, agent):
            page.mouse.move(0, 0)
            pages.append(f"data:image/png;base64,{b64encode(page.screenshot()).decode()}")
        both.set_viewport_size({"width": 1136, "height": 860})
        images = "".join(f'<img src="{each}">' for each in pages)
        both.set_content(f'<body style="margin:0;display:flex;gap:16px;background:#888">{images}')
        both.screenshot(path=FOLDER / "two.png")


def call(page: Page) -> None:
    """Call, and have time stand still."""
    page.get_by_role("button", name="Call", exact=True).click()
    pause = page.get_by_role("button", name="Pause")
    pause.click()
    expect(pause).to_have_attribute("aria-pressed", "true")


def skip_to(page: Page, caption: str) -> None:
    """Go on until a caption is the last one."""
    for _ in range(PATIENCE):
        if page.locator("#captions span").all_inner_texts()[-1:] == [caption]:
            return
        go_on(page)
    raise SystemExit(f"{caption} does not come")


def next_until(page: Page, seen: Locator) -> None:
    """Go on until something is seen, in this page or another one."""
    for _ in range(PATIENCE):
        if seen.count() and seen.first.is_visible():
            return
        go_on(page)
    raise SystemExit(f"{seen} does not come")


def go_on(page: Page) -> None:
    """Go to the next thing that happens."""
    # in the ladder, or beside it: the next file of several that are played
    seen = "document.getElementById('ladder-text').textContent + moment.value"
    before = page.evaluate(seen)
    page.get_by_role("button", name="Next").click()
    page.wait_for_function(f"before => {seen} !== before", arg=before)


def main() -> None:
    os.chdir(ROOT)  # the page shows the name of the file
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        with playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]) as browser:
            for picture in PICTURES:
                take(browser, picture)
            take_two(browser)


if __name__ == "__main__":
    main()
