// A telephone of this page that rings is heard, as long as time passes.

import {ringing} from "./lines.js";
import {state} from "./phone.js";
import {output} from "./sound.js";

// Hertz of the two tones of the bell, and seconds for which it rings and is silent.
const TONES = [440, 480];
const [RINGS, SILENT] = [1, 2];
const LOUDNESS = 0.08;
// Rings that are planned at once: the longest that a handler lets a telephone ring is shorter.
const PLANNED = 200;

const $ = (id) => document.getElementById(id);

let bell = null;

function sync() {
  const out = output();
  const wanted = Boolean(out && state.speed && !state.busy && ringing().length);
  if (wanted === Boolean(bell)) return;
  $("rings").dataset.aloud = String(wanted);
  if (wanted) begin(out);
  else stop();
}

function begin(out) {
  const gain = new GainNode(out.context, {gain: 0});
  gain.connect(out);
  const began = out.context.currentTime;
  for (let number = 0; number < PLANNED; number++) {
    const at = began + number * (RINGS + SILENT);
    gain.gain.setValueAtTime(LOUDNESS, at);
    gain.gain.setValueAtTime(0, at + RINGS);
  }
  const tones = TONES.map((frequency) => new OscillatorNode(out.context, {frequency}));
  for (const tone of tones) {
    tone.connect(gain);
    tone.start();
  }
  bell = {gain, tones};
}

function stop() {
  for (const tone of bell.tones) tone.stop();
  bell.gain.disconnect();
  bell = null;
}

for (const kind of ["state", "change", "click", "keydown"]) document.addEventListener(kind, sync);
