"""The site in Debian's chromium, as it is in site/: search, two widths, light and dark.

python docs/try_site.py                    # after `mkdocs build`; needs .[test]
python docs/try_site.py --pictures FOLDER  # also take a picture of each page that is looked at

It fails if a search doesn't find its page, a page is wider than its window, something is fetched
from elsewhere, or the palette is not the one that was asked for.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect, sync_playwright

SITE = Path(__file__).resolve().parents[1] / "site"
PAGES = (
    "",
    "start/",
    "questions/wait-never-returns/",
    "guides/explore/",
    "reference/applications/",
    "reference/python/channel/#eslsync.Channel.bridge",
)
WIDTHS = (1280, 390)
#: Words, and the address of a page that must be among what is found.
#: `?h=` is what the search adds: that page itself, and not those below it.
SEARCHES = {
    "play_and_get_digits": "reference/python/channel/",
    "linger": "questions/linger/",
    # as people ask in the trackers of other libraries
    "execute never returns when caller hangs up": "questions/wait-never-returns/",
    "CHANNEL_HANGUP_COMPLETE not received": "questions/linger/",
    "DTMF not received sync": "questions/async-full/",
    "CUSTOM event not received": "questions/which-events/",
    "events of B leg": "questions/which-events/",
    "UnicodeDecodeError caller name": "questions/not-utf-8/",
    "newline in variable sip_multipart": "questions/several-lines/",
    "play_and_get_digits loses digits": "questions/digits/",
    "multiple processes share sessions": "questions/two-processes/",
    "wake handler from web request": "questions/wake-a-wait/",
    "caller hangs up during record": "questions/hangup-in-bridge-or-record/",
    "queue music on hold": "how-to/queue/",
    "killed my socket server but the call is not hung up": "questions/?h=",
    "ring multiple endpoints simultaneously": "questions/?h=",
    "as soon as I pick up the ringing phone the channel is gone": "questions/?h=",
    "hot deploy code without killing active calls": "questions/?h=",
    "BACKGROUND_JOB event does not log any data": "questions/?h=",
    "determine whether the user has answered user_busy after originate": "questions/?h=",
    "rude-rejection": "questions/?h=",
    "Lost events! Event Queue size": "questions/?h=",
}
PALETTES = {"light": "default", "dark": "slate"}


class Files(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    """The site's address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=SITE)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def look(browser: Browser, address: str, width: int, scheme: str, folder: Path | None) -> list[str]:
    """What is wrong with the pages at one width and in one palette."""
    wrong = []
    size = {"width": width, "height": 900}
    with browser.new_context(viewport=size, color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        for path in PAGES:
            where = f"{path or 'the first page'} at {width} px, {scheme}"
            page.goto(address + path)
            expect(page.locator("h1").first).to_be_visible()
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wrong.append(f"{where}: wider than the window")
            palette = page.locator("body").get_attribute("data-md-color-scheme")
            if palette != PALETTES[scheme]:
                wrong.append(f"{where}: the palette is {palette}")
            if folder is not None:
                name = path.strip("/").replace("/", "-").partition("#")[0] or "index"
                page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")
        wrong += [f"{url} is fetched" for url in requests if not here(url, address)]
    return wrong


def here(url: str, address: str) -> bool:
    return url.startswith((address, "data:", "blob:")) or not urlsplit(url).netloc


def search(page: Page, address: str) -> list[str]:
    wrong = []
    for words, path in SEARCHES.items():
        page.goto(address)
        field = page.get_by_placeholder("Search")
        field.fill(words)
        field.press("End")  # the page looks at what is there when a key comes up
        found = page.locator(".md-search-result a[href]")
        expect(found.first).to_be_visible()
        leads = [each.get_attribute("href") or "" for each in found.all()]
        if not any(path in each for each in leads):
            wrong.append(f"a search for {words} finds {leads}, and not {path}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", metavar="FOLDER", type=Path)
    folder = parser.parse_args().pictures
    expect.set_options(timeout=60_000)
    chromium = shutil.which("chromium")
    if chromium is None:
        print("there is no chromium, and nothing was looked at")
        return
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with (
        served() as address,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]) as browser,
    ):
        wrong = [
            each
            for width in WIDTHS
            for scheme in PALETTES
            for each in look(browser, address, width, scheme, folder)
        ]
        wrong += search(browser.new_page(), address)
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
