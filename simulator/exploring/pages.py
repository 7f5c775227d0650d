"""The map as an HTML page: a click on a spot shows the call that leads there."""

from __future__ import annotations

import html
import json
from string import Template
from typing import TYPE_CHECKING, Any

from eslsync.wire.shown import printable

from .maps import Map, Spot
from .pictures import as_svg

if TYPE_CHECKING:
    from .exploration import Exploration

__all__ = ["as_html"]

#: Maximum spots with a ladder: each takes a call.
MOST_LADDERS = 400


def as_html(exploration: Exploration) -> str:
    """The page, without external resources."""
    drawn = exploration.map
    spots = {f"s{number}": _spot(exploration, spot) for number, spot in drawn.spots.items()}
    return PAGE.substitute(
        title=_html(exploration.title),
        summary=_html(exploration.summary).replace("\n", "<br>"),
        findings=_changes(exploration, drawn) + _findings(exploration, drawn),
        picture=as_svg(drawn, exploration.title),
        data=_json(spots),
    )


def _html(text: str) -> str:
    return html.escape(printable(text, also="\n"))


def _json(data: object) -> str:
    """JSON that can stand in a page's script: nothing in it begins a tag or a comment."""
    return json.dumps(data).replace("<", "\\u003c")


def _findings(exploration: Exploration, drawn: Map) -> str:
    items = []
    for finding in exploration.findings:
        spot = None if finding.node is None else drawn.spot_of(finding.node)
        text = f"<b>{_html(finding.kind)}</b> {_html(finding.text)}"
        if spot is None:
            items.append(f"<li>{text}</li>")
        else:
            items.append(f'<li><a href="#" data-spot="s{spot.number}">{text}</a></li>')
    return f"<ol>{''.join(items)}</ol>" if items else ""


def _changes(exploration: Exploration, drawn: Map) -> str:
    """What has changed since a map was saved."""
    if exploration.review is None:
        return ""
    items = []
    for change in exploration.review.changes:
        node, text = exploration.change_node(change), _html(str(change))
        if node is not None:
            spot = drawn.spot_of(node.number)
            text = f'<a href="#" data-spot="s{spot.number}">{text}</a>'
        items.append(f"<li>{text}</li>")
    title = _html(exploration.review.report()[0])
    return f"<h2>{title}</h2>" + (f"<ul>{''.join(items)}</ul>" if items else "")


def _spot(exploration: Exploration, spot: Spot) -> dict[str, Any]:
    node = spot.node
    ladder = exploration.ladder(node.here) if spot.number <= MOST_LADDERS else ""
    return {
        "title": printable(spot.title),
        "place": printable(str(node.situation.place or "")),
        "time": f"{spot.time:.1f} s into the call, at the earliest",
        "variables": [
            printable(f"{name} = {value}") for name, value in node.situation.variables.items()
        ],
        "script": exploration.way_script(node.here.then("hangup")),
        "ladder": ladder,
        "findings": [
            {
                "text": printable(f"{each.kind}: {each.text}", also="\n"),
                "script": exploration.script(each) or "",
            }
            for each in spot.findings
        ],
    }


#: Filled in one pass: what is filled in is not looked through again.
PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title: map</title>
<style>
  :root { --ink: #1f2933; --dim: #57606a; --line: #d9dee5; --fault: #b3241a; --link: #2457a7;
          --paper: #fff; --aside: #f6f8fa; color-scheme: light dark; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e6edf3; --dim: #a6b0bb; --line: #3d444d; --fault: #ff9b92; --link: #79b8ff;
            --paper: #0d1117; --aside: #161b22; }
  }
  * { box-sizing: border-box; }
  body { margin: 0; height: 100vh; display: flex; flex-direction: column; color: var(--ink);
         font: 14px/1.45 system-ui, "Helvetica Neue", Arial, sans-serif; background: var(--paper); }
  header { padding: 10px 18px; border-bottom: 1px solid var(--line); }
  h1 { font-size: 17px; margin: 0; display: inline; }
  nav { float: right; }
  button { font: inherit; width: 30px; border: 1px solid var(--line); background: var(--paper);
           color: inherit;           border-radius: 4px; margin-left: 4px; cursor: pointer; }
  header span { color: var(--dim); margin-left: 12px; }
  main { flex: 1; display: flex; min-height: 0; }
  #map { flex: 1; overflow: auto; padding: 12px; }
  #map svg { display: block; margin: 0 auto; }
  #map .node, #map .to { cursor: pointer; }
  #map .to:hover { text-decoration: underline; }
  #map .chosen path, #map .chosen polygon, #map .chosen rect { stroke: var(--ink);
    stroke-width: 3px; }
  aside { width: min(46%, 760px); border-left: 1px solid var(--line); overflow: auto;
          padding: 12px 18px; background: var(--aside); }
  aside h2 { font-size: 15px; margin: 4px 0; }
  aside h3 { font-size: 12px; margin: 16px 0 4px; color: var(--dim); font-weight: 600; }
  pre { margin: 0; padding: 10px; background: var(--paper); border: 1px solid var(--line);
        border-radius: 6px; overflow: auto; font: 12px/1.35 ui-monospace, Menlo, Consolas,
        "DejaVu Sans Mono", monospace; }
  .dim { color: var(--dim); }
  .fault { color: var(--fault); font-weight: 600; }
  ol { margin: 6px 0; padding-left: 22px; }
  a { color: var(--link); text-decoration: none; }
  a:hover { text-decoration: underline; }
  ol a { color: var(--fault); }
  @media (max-width: 900px) { main { flex-direction: column; } aside { width: auto; height: 50%;
    border-left: 0; border-top: 1px solid var(--line); } }
</style>
</head>
<body>
<header><nav><button id="less">&minus;</button><button id="more">+</button></nav>
<h1>$title</h1><span>$summary</span></header>
<main>
<div id="map">$picture</div>
<aside id="told"><p class="dim">Click a box: how a caller gets there, as a script and as a
ladder.</p>$findings</aside>
</main>
<script type="application/json" id="spots">$data</script>
<script>
const spots = JSON.parse(document.getElementById("spots").textContent);
// Served by `eslsync phone --map`, whose telephone is beside this page.
const telephone = new URLSearchParams(location.search).has("telephone");
const told = document.getElementById("told");
const first = told.innerHTML;
const svg = document.querySelector("#map svg");
let scale = 1;
function zoom(by) {
  if (!svg) return;
  scale *= by;
  svg.setAttribute("width", svg.viewBox.baseVal.width * scale);
  svg.setAttribute("height", svg.viewBox.baseVal.height * scale);
}
// All of it at first, as far as that can be read.
zoom(Math.max(0.6, Math.min(1.33, document.getElementById("map").clientWidth * 0.97
  / (svg ? svg.viewBox.baseVal.width : 1))));
document.getElementById("more").onclick = () => zoom(1.25);
document.getElementById("less").onclick = () => zoom(0.8);
function put(parent, kind, text, name) {
  const made = document.createElement(kind);
  made.textContent = text;
  if (name) made.className = name;
  parent.append(made);
  return made;
}
function quoted(word) {
  return /^[\\w.,:+-]+$$/.test(word) ? word : "'" + word.replaceAll("'", "'\\''") + "'";
}
// How somebody is the caller from a spot on.
function offerTelephone(spot) {
  put(told, "h3", "Be the caller from here on");
  if (telephone) {
    put(told, "a", "Call, and stand here").href = `./?spot=$${spot}`;
  } else {
    const file = decodeURIComponent(location.pathname.split("/").pop());
    put(told, "pre", `eslsync phone --map $${quoted(file)} --spot $${spot}`);
  }
}
function choose(id) {
  const spot = spots[id];
  if (!spot) return;
  document.querySelectorAll(".chosen").forEach(each => each.classList.remove("chosen"));
  const box = document.getElementById(id);
  box?.classList.add("chosen");
  box?.scrollIntoView({block: "nearest", inline: "nearest"});
  told.replaceChildren();
  const back = put(told, "a", "← all that is wrong");
  back.href = "#";
  back.onclick = () => { told.innerHTML = first; return false; };
  put(told, "h2", spot.title);
  put(told, "div", spot.place + (spot.place ? " · " : "") + spot.time, "dim");
  if (spot.variables.length) put(told, "div", spot.variables.join(", "), "dim");
  for (const each of spot.findings) {
    put(told, "h3", "");
    put(told, "div", each.text, "fault");
    if (each.script) put(told, "pre", each.script);
  }
  put(told, "h3", "The shortest way there");
  put(told, "pre", spot.script);
  offerTelephone(id.slice(1));
  if (spot.ladder) {
    put(told, "h3", "The call");
    put(told, "pre", spot.ladder);
  }
  told.scrollTop = 0;
}
// Boxes and references are reached by the Tab key, too.
document.querySelectorAll("#map svg .node[id^=s], #map svg .to").forEach(each => {
  if (!spots[each.dataset.spot || each.id]) return;
  each.setAttribute("tabindex", "0");
  each.setAttribute("role", "button");
});
document.addEventListener("keydown", event => {
  if (event.key === "Enter") event.target.closest("#map .node, #map .to")?.dispatchEvent(
    new MouseEvent("click", {bubbles: true}));
});
document.addEventListener("click", event => {
  const node = event.target.closest(".node");
  const link = event.target.closest("[data-spot]");
  if (node) choose(node.id);
  else if (link) { choose(link.dataset.spot); event.preventDefault(); }
});
</script>
</body>
</html>
""")
