"""The pictures in docs/phone.md: the telephone's page, in Debian's chromium.

python docs/make_screenshots.py    # write docs/phone/*.png; needs the extras `phone` and `test`

They are looked at, not compared: another chromium draws other letters.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from simulator.phone.desk import Telephone
from simulator.phone.server import PhoneServer
from simulator.scripts.script import Script

FOLDER = Path(__file__).resolve().parent / "phone"
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


VOICEMAIL = ("record your message at the tone", "5", "listen to recording")
PICTURES = [
    Picture("ready", "voicemail.py"),
    Picture("voicemail", "voicemail.py", VOICEMAIL),
    Picture("voicemail-dark", "voicemail.py", VOICEMAIL, dark=True),
    Picture("ivr-narrow", "ivr.py", ("welcome", "1", "option-1"), 390, 844),
    Picture("ivr-narrow-dark", "ivr.py", ("welcome", "1", "option-1"), 390, 844, dark=True),
]


def take(browser: Browser, picture: Picture) -> None:
    script = Script(f"examples/{picture.app}", call={"caller": "1001", "destination": "5000"})
    size = {"width": picture.width, "height": picture.height}
    scheme = "dark" if picture.dark else "light"
    with (
        PhoneServer(Telephone(script)) as server,
        browser.new_context(viewport=size, color_scheme=scheme) as context,  # type: ignore[arg-type]
    ):
        page = context.new_page()
        page.goto(server.address)
        expect(page.get_by_role("status")).to_have_text("Ready to call.")
        if picture.story:
            page.get_by_role("button", name="Call", exact=True).click()
            pause = page.get_by_role("button", name="Pause")
            pause.click()
            expect(pause).to_have_attribute("aria-pressed", "true")
        for each in picture.story:
            if len(each) == 1:
                page.keyboard.press(each)
            else:
                skip_to(page, each)
        page.mouse.move(0, 0)
        page.screenshot(path=FOLDER / f"{picture.name}.png", full_page=picture.width < 800)


def skip_to(page: Page, caption: str) -> None:
    """Go on until a caption is the last one."""
    time = page.get_by_label("Back to")
    for _ in range(PATIENCE):
        if page.locator("#captions span").all_inner_texts()[-1:] == [caption]:
            return
        before = time.input_value()
        page.get_by_role("button", name="Next").click()
        expect(time).not_to_have_value(before)
    raise SystemExit(f"{caption} does not come")


def main() -> None:
    os.chdir(ROOT)  # the page shows the name of the file
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        with playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]) as browser:
            for picture in PICTURES:
                take(browser, picture)


if __name__ == "__main__":
    main()
