"""Draw the maps in docs/maps by exploring the examples that they show.

python docs/make_maps.py            # write them; needs Graphviz
python docs/make_maps.py --check    # exit with 1 if the examples have changed; needs no Graphviz

The check compares the .dot file beside each picture, because two versions of Graphviz don't draw
exactly the same picture.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from simulator import explore  # noqa: E402

MAPS = Path(__file__).parent / "maps"
#: Maps by name: the handler, and whether it must be without findings.
HANDLERS = {
    "business_hours": (ROOT / "examples/business_hours.py", True),
    "ivr": (ROOT / "examples/ivr.py", True),
    "voicemail": (ROOT / "examples/voicemail.py", True),
    "speech": (ROOT / "examples/speech.py", True),
    "faulty": (ROOT / "tests/support/faulty_ivr.py", False),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(HANDLERS)}")
    options = parser.parse_args()
    wrong = 0
    for name in options.names or HANDLERS:
        handler, clean = HANDLERS[name]
        exploration = explore(handler)
        file = MAPS / f"{name}.dot"
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        now = exploration.dot()
        said = "as it was"
        if clean and exploration.findings:
            wrong += 1
            said = f"wrong:\n{exploration}"
        elif before != now and options.check:
            wrong += 1
            lines = difflib.unified_diff(before.splitlines(), now.splitlines(), lineterm="")
            said = "\n".join(["not what the handler is:", *lines])
        elif before != now:
            said = "new"
        if not options.check:
            file.write_text(now, encoding="utf-8")
            exploration.draw(MAPS / f"{name}.svg")
        print(f"{name}: {said} ({exploration.calls} calls, {exploration.seconds:.1f} s)")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
