// The caller's microphone, while the call records them: what they say goes to the server, with the
// moment of the call at which they say it.

import {isCaller} from "./lines.js";
import {now, send, state} from "./phone.js";

const MICRO = 1e6;
const RATE = 8000;
// How fast time passes when somebody speaks.
const RECORDED = 1;
// Microseconds by which the microphone's clock may be elsewhere than the call's.
const DRIFT = 250_000;

const $ = (id) => document.getElementById(id);

// Open from the first recording to the end of the call.
let microphone = null;
let trouble = "";
let take = null;
// The moment at which the next samples begin.
let next = null;

function isUp() {
  return state.phase === "up" && !state.hung_up && isCaller();
}

async function open() {
  const mine = microphone = {};
  trouble = "";
  // The call waits for its microphone: the browser may ask its caller whether they allow that.
  const waits = state.speed === RECORDED;
  if (waits) send({do: "speed", speed: 0});
  try {
    mine.stream = await navigator.mediaDevices.getUserMedia({audio: {channelCount: 1}});
    mine.context = new AudioContext();
    await mine.context.audioWorklet.addModule("samples.js");
    const samples = new AudioWorkletNode(mine.context, "samples");
    samples.port.onmessage = (message) => hear(message.data);
    mine.context.createMediaStreamSource(mine.stream).connect(samples);
    samples.connect(mine.context.destination);  // silently: so it runs
    mine.isOpen = true;
  } catch (error) {
    trouble = `No microphone, so the recording is silent (${error.name ?? error}).`;
  }
  // (unless somebody has time pass faster; that it stands still may not have been told yet)
  if (waits && isUp() && state.speed <= RECORDED) send({do: "speed", speed: RECORDED});
  if (microphone !== mine) close(mine);  // the call has ended meanwhile
  tell();
}

function close(opened) {
  for (const track of opened.stream?.getTracks() ?? []) track.stop();
  opened.context?.close();
}

function hear(samples) {
  const lasts = samples.length / RATE * MICRO;
  $("voice").value = isHeard() ? Math.max(...samples) / 32768 : 0;
  if (!isHeard()) {
    next = null;
    return;
  }
  let at = Math.max(0, now() - lasts);
  if (next !== null && Math.abs(at - next) < DRIFT) at = next;
  next = at + lasts;
  const bytes = String.fromCharCode(...new Uint8Array(samples.buffer));
  send({do: "say", take: state.take, at: Math.round(at), sound: btoa(bytes)});
}

function isHeard() {
  return isUp() && state.records && state.speed === RECORDED;
}

function tell() {
  const isOpen = microphone?.isOpen;
  let said = "";
  if (isUp() && state.records) {
    if (trouble) said = trouble;
    else if (!isOpen) said = "The call waits for your microphone; the browser may ask you.";
    else if (state.speed > RECORDED) said = `You are recorded at 1×, not at ${state.speed}×.`;
    else if (state.speed) said = "Speak: you are recorded.";
  }
  $("voice-said").textContent = said;
  $("voice").hidden = !isOpen || !said;
}

function follow() {
  if (take !== state.take) {
    take = state.take;
    next = null;
  }
  if (!isUp() && microphone) {
    close(microphone);
    microphone = null;
  }
  // (Another tab may be the one that is used.)
  const isUsed = navigator.userActivation?.hasBeenActive ?? true;
  if (isUp() && state.records && isUsed && !microphone) open();
  tell();
}

document.addEventListener("state", follow);
follow();
