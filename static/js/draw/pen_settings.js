// Width and colour of the pen, to one's taste. Remembered on this device, never sent: neither can
// change the answer.

import { recall, remember } from "../shared/storage.js";

const KEY = "inkling.pen";
const NARROWEST = 4;
const BROADEST = 40;
const STEP = 4;

export class Taste extends EventTarget {
  #width;
  #colour;
  #canvas;

  constructor(canvas) {
    super();
    this.#canvas = canvas;
    const { width = 16, colour = "ink" } = recall(localStorage, KEY) ?? {};
    this.#width = Math.min(Math.max(Number(width) || 16, NARROWEST), BROADEST);
    this.#colour = String(colour);
    canvas.dataset.pen = this.#colour;
  }

  /** In sheet units. */
  get width() {
    return this.#width;
  }

  get colour() {
    return this.#colour;
  }

  change({ width = this.#width, colour = this.#colour }) {
    this.#width = Math.min(Math.max(width, NARROWEST), BROADEST);
    this.#colour = this.#canvas.dataset.pen = colour;
    remember(localStorage, KEY, { width: this.#width, colour: this.#colour });
    this.dispatchEvent(new Event("change"));
  }

  broader() {
    this.change({ width: this.#width + STEP });
  }

  finer() {
    this.change({ width: this.#width - STEP });
  }
}
