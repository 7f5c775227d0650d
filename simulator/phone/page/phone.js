// The telephone's page: it shows a state, which the server sends in parts, and sends commands.
//
// simulator/phone/protocol.py says what both consist of. Other modules of the page listen for the
// event "state" of the document, whose detail is the names of the parts that have changed.

export const state = {};

const MICRO = 1e6;
export const KEYS = [
  ["1", ""], ["2", "ABC"], ["3", "DEF"], ["4", "GHI"], ["5", "JKL"], ["6", "MNO"],
  ["7", "PQRS"], ["8", "TUV"], ["9", "WXYZ"], ["*", ""], ["0", "+"], ["#", ""],
];
export const NAMES = {"*": "star", "#": "pound"};
const SPEEDS = [[0, "Pause"], [1, "1×"], [2, "2×"], [10, "10×"]];
// Milliseconds between attempts to reach the server again.
const RETRY = 1000;

const $ = (id) => document.getElementById(id);

// The server

let socket = null;
let receivedAt = 0;

function connect() {
  const address = new URL("socket", location.href);
  address.protocol = "ws:";
  socket = new WebSocket(address);
  socket.onmessage = (message) => {
    const changed = JSON.parse(message.data);
    Object.assign(state, changed);
    if ("now" in changed) receivedAt = performance.now();
    show(new Set(Object.keys(changed)));
    document.dispatchEvent(new CustomEvent("state", {detail: Object.keys(changed)}));
  };
  socket.onclose = () => {
    socket = null;
    $("status").textContent = "Not connected: the program has ended, or will be back.";
    setTimeout(connect, RETRY);
  };
}

export function send(command) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(command));
}

// What is shown

function show(changed) {
  const has = (...names) => names.some((name) => changed.has(name));
  if (has("app")) {
    $("app").textContent = state.app;
    document.title = `${state.app} – telephone`;
  }
  for (const name of ["caller", "destination"]) {
    if (has(name) && document.activeElement !== $(name)) $(name).value = state[name];
  }
  showStatus();
  if (has("prompts", "take")) showCaptions();
  if (has("svg")) showLadder();
  if (has("ladder")) $("ladder-text").textContent = state.ladder;
  if (has("source")) showSource();
  if (has("where", "source")) showWhere();
  if (has("speed")) showSpeed();
  if (has("trouble")) {
    $("trouble").textContent = state.trouble;
    $("trouble").hidden = !state.trouble;
  }
  if (has("changed")) {
    $("edited-files").textContent = state.changed.join(", ");
    $("edited").hidden = !state.changed.length;
  }
  showTime();
}

function isUp() {
  return state.phase === "up" && !state.hung_up;
}

function showStatus() {
  let said = "Ready to call.";
  if (state.busy) {
    said = "The handler is busy, and the call can't go on. Hang up to end it.";
  } else if (isUp()) {
    said = state.speed ? "The call is up." : "The call is up, and time stands still.";
  } else if (state.phase === "up") {
    said = "Hung up; the handler still runs.";
  } else if (state.phase === "ended") {
    said = "The call has ended.";
  }
  if ($("status").textContent !== said) $("status").textContent = said;
  $("hangup").disabled = state.phase !== "up";
  $("skip").disabled = state.phase !== "up";
  $("goes-on").hidden = state.phase !== "up";
  for (const key of $("keypad").children) key.disabled = !isUp();
  for (const each of $("speeds").children) each.disabled = state.phase !== "up";
  const none = !state.svg;
  $("hint").hidden = !none;
  $("as-text").hidden = none;
  $("keep").hidden = !state.script;
}

const SAID = {paused: "paused", cut: "cut", ended: "", plays: ""};
let captionsTake = null;

function showCaptions() {
  const list = $("captions");
  if (captionsTake !== state.take) {
    list.replaceChildren();
    captionsTake = state.take;
  }
  showPrompts(list, state.prompts);
  $("heard").scrollTop = $("heard").scrollHeight;
}

/** Show the captions of prompts, and what has become of them, as the items of a list. */
export function showPrompts(list, all) {
  const prompts = all.filter((each) => each.caption);
  while (list.children.length > prompts.length) list.lastChild.remove();
  prompts.forEach((prompt, number) => {
    let item = list.children[number];
    if (!item) {
      item = document.createElement("li");
      item.append(document.createElement("span"), document.createElement("small"));
      list.append(item);
    }
    item.title = prompt.name;
    item.dataset.how = prompt.how;
    const [text, how] = item.children;
    if (text.textContent !== prompt.caption) text.textContent = prompt.caption;
    if (how.textContent !== SAID[prompt.how]) how.textContent = SAID[prompt.how];
  });
}

function showLadder() {
  const box = $("ladder");
  const isAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 40;
  box.replaceChildren();
  if (!state.svg) return;
  const picture = new DOMParser().parseFromString(state.svg, "image/svg+xml").documentElement;
  for (const rung of state.fixed ? [] : picture.querySelectorAll("g")) {
    const said = rung.querySelector("title")?.textContent.match(/^([\d.]+) s: /);
    if (said) rung.dataset.moment = Math.round(parseFloat(said[1]) * MICRO);
  }
  box.append(document.importNode(picture, true));
  if (isAtEnd) box.scrollTop = box.scrollHeight;
}

function showSource() {
  $("source").hidden = !state.source;
  const lines = state.source ? state.source.text.split("\n") : [];
  $("source").replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line || " ";
    return item;
  }));
}

function showWhere() {
  $("source").querySelector("[aria-current]")?.removeAttribute("aria-current");
  const where = state.where;
  if (!where) {
    $("where").textContent = {ended: "It has ended.", up: ""}[state.phase] ??
      "Call, and its source is shown here, with the line at which it waits.";
    return;
  }
  const does = where.waits_for ? `waits for ${where.waits_for}` : "runs";
  const file = where.file.split(/[\\/]/).pop();
  $("where").textContent = `${does} in ${where.function}, ${file} line ${where.line}`;
  const line = $("source").children[where.line - 1];
  if (!line || state.source.file !== where.file) return;
  line.setAttribute("aria-current", "true");
  const box = $("source");
  const top = line.offsetTop - box.offsetTop;
  if (top < box.scrollTop || top > box.scrollTop + box.clientHeight - 60) {
    box.scrollTop = top - box.clientHeight / 3;
  }
}

function showSpeed() {
  for (const each of $("speeds").children) {
    each.setAttribute("aria-pressed", String(Number(each.dataset.speed) === state.speed));
  }
}

// Time

let isDragged = false;

/** Microseconds since the call began, as far as time has passed since the server told. */
export function now() {
  const passes = state.phase === "up" && !state.busy ? state.speed : 0;
  return (state.now ?? 0) + (performance.now() - receivedAt) * 1000 * passes;
}

function showTime() {
  if (isDragged) return;
  // Standing still, as exact as the ladder.
  $("now").textContent = `${(now() / MICRO).toFixed(state.speed && state.phase === "up" ? 1 : 3)} s`;
  const slider = $("moment");
  slider.max = Math.round(now());
  slider.value = slider.max;
  slider.disabled = !state.take || Boolean(state.fixed);
  $("undo").disabled = slider.disabled;
}

function tick() {
  if (state.phase === "up" && state.speed) showTime();
  requestAnimationFrame(tick);
}

// What the caller does

function press(key) {
  if (!isUp()) return;
  send({do: "press", keys: key});
  const button = $("keypad").querySelector(`[data-key="${key}"]`);
  button?.classList.add("pressed");
  setTimeout(() => button?.classList.remove("pressed"), 150);
}

function back(moment) {
  send({do: "back", moment: Math.max(0, Math.round(moment))});
}

/** The moment of the last thing that somebody did, or of the last prompt that began. */
function lastThing() {
  const heard = [state, ...(state.lines ?? [])].flatMap((each) => each.prompts ?? []);
  const moments = [...(state.moves ?? []).map((each) => each.at), ...heard.map((each) => each.began)];
  return Math.max(0, ...moments.filter((each) => each < Math.floor(now())));
}

function build() {
  for (const [key, letters] of KEYS) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.key = key;
    button.setAttribute("aria-label", NAMES[key] ?? key);
    button.append(key, Object.assign(document.createElement("small"), {textContent: letters}));
    button.onclick = () => press(key);
    $("keypad").append(button);
  }
  for (const [speed, text] of SPEEDS) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.speed = speed;
    button.textContent = text;
    button.onclick = () => send({do: "speed", speed});
    $("speeds").append(button);
  }
  $("numbers").onsubmit = (event) => {
    event.preventDefault();
    send({do: "call", caller: $("caller").value, destination: $("destination").value});
  };
  $("hangup").onclick = () => send({do: "hangup"});
  $("again").onclick = () => send({do: "again", same: false});
  $("again-same").onclick = () => send({do: "again", same: true});
  $("undo").onclick = () => back(lastThing());
  $("skip").onclick = () => send({do: "skip"});
  $("moment").oninput = (event) => {
    isDragged = true;
    $("now").textContent = `${(event.target.value / MICRO).toFixed(3)} s`;
  };
  $("moment").onchange = (event) => {
    isDragged = false;
    back(Number(event.target.value));
  };
  $("ladder").onclick = (event) => {
    const moment = event.target.closest("[data-moment]")?.dataset.moment;
    if (moment !== undefined && !state.fixed) back(Number(moment));
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.matches("input:not([type=range]), textarea, select")) return;
    if (/^[0-9*#A-D]$/.test(event.key)) press(event.key);
  });
}

build();
// By then the page's other modules listen; the first state that comes is all of it.
document.addEventListener("DOMContentLoaded", connect);
tick();
