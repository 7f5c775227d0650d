// What this page's telephone hears, aloud: each prompt from where the call is in it, and cut when that cuts it.
//
// The server has most sounds as files. What it has no sound of, the browser speaks, if it can.

import {heard, isCaller} from "./lines.js";
import {now, state} from "./phone.js";

const MICRO = 1e6;
// How fast time may pass for speech to be understood.
const AUDIBLE = [1, 2];
// Seconds by which a sound may be elsewhere than the call.
const DRIFT = 0.25;
// Characters a second, as voices speak.
const PACE = 14;
// Loudness of speech, for the meter to be full.
const FULL = 0.25;

const $ = (id) => document.getElementById(id);

// Browsers let a page sound once somebody has used it.
let context = null;
let volume = null;
let meter = null;
let playing = null;
let isMuted = false;
// Sounds by their files: they don't change.
const loaded = new Map();

function wanted() {
  if (state.phase !== "up" || state.busy || (isCaller() && state.hung_up)) return null;
  const prompts = heard();
  const number = prompts.findLastIndex((each) => each.how === "plays");
  const prompt = prompts[number];
  return prompt && (prompt.sound || prompt.text) ? {number, ...prompt} : null;
}

/** Seconds of a prompt that have been heard. */
function position(prompt) {
  return Math.max(0, (prompt.played + now() - prompt.since) / MICRO);
}

async function sync() {
  const prompt = wanted();
  tell(prompt);
  const key = prompt && AUDIBLE.includes(state.speed) && context?.state === "running" ?
    [state.take, prompt.number, prompt.since, prompt.sound, state.speed].join(" ") : null;
  if (playing?.key === key && !hasDrifted(prompt)) return;
  stop();
  if (key === null) return;
  const mine = playing = {key};
  if (!prompt.sound) {
    speak(prompt);
    return;
  }
  const buffer = await load(prompt.sound);
  if (playing === mine && buffer) begin(prompt, buffer);
}

function begin(prompt, buffer) {
  const source = new AudioBufferSourceNode(context, {
    buffer,
    loop: prompt.loops,
    playbackRate: state.speed,
  });
  const from = position(prompt);
  if (from >= buffer.duration && !prompt.loops) return;
  source.connect(volume);
  source.start(0, from % buffer.duration);
  Object.assign(playing, {source, from, at: context.currentTime});
}

function hasDrifted(prompt) {
  if (!playing?.source) return false;
  const is = playing.from + (context.currentTime - playing.at) * state.speed;
  return Math.abs(is - position(prompt)) > DRIFT;
}

function stop() {
  playing?.source?.stop();
  if (playing?.speaks) speechSynthesis.cancel();
  playing = null;
}

function load(file) {
  if (!loaded.has(file)) {
    // (What was said may differ in another take.)
    const key = `sound/${file}?take=${state.take}`;
    loaded.set(file, fetch(key)
      .then((answer) => answer.arrayBuffer())
      .then((bytes) => context.decodeAudioData(bytes))
      .catch(() => loaded.delete(file) && null));
  }
  return loaded.get(file);
}

function canSpeak() {
  return "speechSynthesis" in window && speechSynthesis.getVoices().length > 0;
}

function speak(prompt) {
  if (!canSpeak() || isMuted) return;
  const skipped = Math.floor(position(prompt) * PACE);
  const from = skipped < PACE / 2 ? 0 : prompt.text.indexOf(" ", skipped);
  if (from < 0) return;
  const said = new SpeechSynthesisUtterance(prompt.text.slice(from));
  said.rate = state.speed;
  playing.speaks = true;
  speechSynthesis.speak(said);
}

function tell(prompt) {
  let said = "";
  if (prompt && context?.state !== "running") {
    said = "Select anything here to hear the call.";
  } else if (prompt && !AUDIBLE.includes(state.speed)) {
    said = state.speed ? `Silent at ${state.speed}×.` : "Silent: time stands still.";
  } else if (prompt && !prompt.sound && !canSpeak()) {
    said = "This browser has no voice: prompts are only shown.";
  }
  if ($("sound-said").textContent !== said) $("sound-said").textContent = said;
}

function showLevel() {
  let level = 0;
  if (meter && playing?.source) {
    const samples = new Float32Array(meter.fftSize);
    meter.getFloatTimeDomainData(samples);
    level = Math.sqrt(samples.reduce((sum, each) => sum + each * each, 0) / samples.length);
  }
  $("level").value = Math.min(1, level / FULL);
  requestAnimationFrame(showLevel);
}

/** Begin to sound: somebody has used the page. */
async function wake() {
  if (!context) {
    context = new AudioContext();
    volume = new GainNode(context, {gain: isMuted ? 0 : 1});
    meter = new AnalyserNode(context, {fftSize: 1024});
    volume.connect(meter).connect(context.destination);
    context.onstatechange = () => document.dispatchEvent(new Event("change"));
  }
  await context.resume();
}

/** Where other sounds of the page go, whose loudness is that of all; null while there can be none. */
export function output() {
  return context?.state === "running" ? volume : null;
}

let take = null;

document.addEventListener("state", () => {
  if (take !== state.take) {
    take = state.take;
    for (const file of loaded.keys()) if (file.startsWith("said-")) loaded.delete(file);
  }
  sync();
});
document.addEventListener("change", sync);
for (const kind of ["click", "keydown"]) document.addEventListener(kind, wake);

$("mute").onclick = () => {
  isMuted = !isMuted;
  $("mute").setAttribute("aria-pressed", String(isMuted));
  if (volume) volume.gain.value = isMuted ? 0 : 1;
  stop();
  sync();
};

showLevel();
sync();
