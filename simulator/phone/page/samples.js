// Takes a microphone's sound as 16-bit samples, 8000 a second, a fifth of a second at a time.

const RATE = 8000;
const AT_ONCE = RATE / 5;

class Samples extends AudioWorkletProcessor {
  constructor() {
    super();
    this.samples = new Int16Array(AT_ONCE);
    this.count = 0;
    // What there is so far of the next sample: the mean of some of the microphone's.
    this.sum = 0;
    this.of = 0;
    this.phase = 0;
  }

  process([[sound]]) {
    for (const each of sound ?? []) {
      this.sum += each;
      this.of += 1;
      this.phase += RATE;
      if (this.phase >= sampleRate) this.take();
    }
    return true;
  }

  take() {
    this.phase -= sampleRate;
    const loudness = Math.max(-1, Math.min(1, this.sum / this.of));
    this.samples[this.count++] = Math.round(loudness * 32767);
    this.sum = this.of = 0;
    if (this.count < AT_ONCE) return;
    this.port.postMessage(this.samples, [this.samples.buffer]);
    this.samples = new Int16Array(AT_ONCE);
    this.count = 0;
  }
}

registerProcessor("samples", Samples);
