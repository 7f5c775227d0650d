// The phones of those whom the handler calls: they ring, are answered, and their keys are pressed.
//
// A page may be one telephone alone, `?phone=user/1000` or `?phone=caller`; what it shows and where
// keys of the keyboard go is all that differs. Otherwise keys belong to the telephone in which the
// focus is.

import {KEYS, NAMES, send, showPrompts, state} from "./phone.js";

const CALLER = "caller";

const $ = (id) => document.getElementById(id);

/** The telephone that this page is; "": all of them. */
let mine = new URLSearchParams(location.search).get("phone") ?? "";
// Dial strings of the telephones that have rung.
const known = new Set([CALLER, mine].filter(Boolean));
let take = null;

/** The lines that this page shows: those that are not over, and of each phone the last one. */
function shown() {
  if (mine === CALLER) return [];
  const lines = (state.lines ?? []).filter((each) => each.phase !== "waits");
  return lines.filter((each, index) => {
    const isLast = !lines.slice(index + 1).some((later) => later.dial_string === each.dial_string);
    return (!mine || each.dial_string === mine) && (isLast || each.phase !== "ended");
  });
}

/** True if this page's telephone is the caller's, alone or with others. */
export function isCaller() {
  return !mine || mine === CALLER;
}

/** The prompts that this page's telephone hears. */
export function heard() {
  if (isCaller()) return state.prompts ?? [];
  return shown().at(-1)?.prompts ?? [];
}

/** The lines that ring in this page. */
export function ringing() {
  return shown().filter((each) => each.phase === "rings");
}

function show() {
  for (const each of state.lines ?? []) known.add(each.dial_string);
  const lines = shown();
  const isAlone = Boolean(mine) && mine !== CALLER;
  $("telephone").hidden = isAlone;
  $("others").hidden = !isAlone && !lines.length;
  document.querySelector("main").classList.toggle("with-others", !isAlone && lines.length > 0);
  $("others-title").textContent = isAlone ? "Telephone" : "Other telephones";
  $("nobody-calls").hidden = !isAlone || lines.length > 0;
  $("nobody-calls").textContent = `Nobody calls ${mine}.`;
  if (take !== state.take) {
    $("lines").replaceChildren();
    take = state.take;
  }
  for (const card of [...$("lines").children]) {
    if (!lines.some((each) => each.number === Number(card.dataset.line))) card.remove();
  }
  lines.forEach((line, index) => {
    const at = `[data-line="${line.number}"]`;
    const card = $("lines").querySelector(at) ?? build(line);
    if ($("lines").children[index] !== card) {
      $("lines").insertBefore(card, $("lines").children[index] ?? null);
    }
    fill(card, line);
  });
  tellRinging();
  showWho();
}

function says(line) {
  if (line.phase === "rings") return `Rings: ${line.caller} calls.`;
  if (line.phase === "up") return `Answered; ${line.caller} called.`;
  return `Over: ${line.cause}.`;
}

function fill(card, line) {
  const part = (name) => card.querySelector(`.${name}`);
  if (card.dataset.phase !== line.phase) {
    const hadFocus = card.contains(document.activeElement);
    card.dataset.phase = line.phase;
    part("ringing").hidden = line.phase !== "rings";
    part("talking").hidden = line.phase !== "up";
    // What had the focus is hidden now; keys still belong to this telephone.
    if (hadFocus) card.focus();
    else if (mine && document.activeElement === document.body) part("answer").focus();
  }
  if (part("said").textContent !== says(line)) part("said").textContent = says(line);
  showPrompts(part("captions").firstChild, line.prompts);
  part("captions").scrollTop = part("captions").scrollHeight;
}

function button(text, name, act) {
  const made = Object.assign(document.createElement("button"), {type: "button", className: name});
  made.textContent = text;
  made.onclick = act;
  return made;
}

function group(name, ...parts) {
  const made = Object.assign(document.createElement("div"), {className: name});
  made.append(...parts);
  return made;
}

function build(line) {
  const number = line.number;
  const card = Object.assign(document.createElement("article"), {className: "phone", tabIndex: -1});
  card.dataset.line = number;
  card.setAttribute("aria-label", `Telephone of ${line.dial_string}`);
  const name = Object.assign(document.createElement("h3"), {textContent: line.dial_string});
  const said = Object.assign(document.createElement("p"), {className: "said"});
  const captions = group("captions", document.createElement("ol"));
  captions.setAttribute("role", "log");
  captions.setAttribute("aria-label", `What ${line.dial_string} hears`);
  const ringing = group("ringing buttons",
    button("Answer", "answer", () => send({do: "answer", line: number})),
    button("Decline", "decline", () => send({do: "reject", line: number})));
  const keys = group("keys", ...KEYS.map(([key]) => {
    const made = button(key, "key", () => press(key, number));
    made.setAttribute("aria-label", NAMES[key] ?? key);
    return made;
  }));
  keys.setAttribute("role", "group");
  keys.setAttribute("aria-label", `Keypad of ${line.dial_string}`);
  const end = button("Hang up", "end", () => send({do: "hangup", line: number}));
  card.append(name, said, captions, ringing, group("talking", keys, group("buttons", end)));
  return card;
}

function press(key, line) {
  send({do: "press", keys: key, line});
}

/** Told aloud by screen readers, above all on a small screen, and in the title of the page. */
function tellRinging() {
  const lines = ringing();
  const said = lines.map((each) => `${each.dial_string} rings, ${each.caller} calls.`).join(" ");
  if ($("rings").textContent !== said) {
    const link = Object.assign(document.createElement("a"), {href: "#others", textContent: said});
    $("rings").replaceChildren(...(said ? [link] : []));
  }
  const rings = lines.map((each) => `☎ ${each.dial_string} – `).join("");
  const own = mine && mine !== CALLER ? `${mine} – ` : "";
  document.title = `${rings || own}${state.app ?? ""} – telephone`;
}

// Whose page it is

function showWho() {
  const select = $("who");
  $("whose").hidden = known.size < 2 && !mine;
  for (const each of known) {
    if ([...select.options].some((option) => option.value === each)) continue;
    select.append(new Option(each === CALLER ? "the caller" : each, each));
  }
  select.value = mine;
}

$("who").onchange = () => {
  mine = $("who").value;
  const address = new URL(location.href);
  if (mine) address.searchParams.set("phone", mine);
  else address.searchParams.delete("phone");
  history.replaceState(null, "", address);
  show();
};

// Before phone.js sees the key, whose keys are the caller's.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !/^[0-9*#A-D]$/.test(event.key)) return;
  if (event.target.matches("input:not([type=range]), textarea, select")) return;
  const card = event.target.closest("[data-line]");
  const line = card ? Number(card.dataset.line) : shown().at(-1)?.number;
  if (!card && (!mine || mine === CALLER)) return;
  event.stopImmediatePropagation();
  if (line) press(event.key, line);
}, {capture: true});

document.addEventListener("state", show);
