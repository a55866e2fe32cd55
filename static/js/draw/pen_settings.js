// Width and colour of the pen. Saved on this device and never sent; they do not change the answer.

import { onDevice, recall, remember } from "../shared/storage.js";

const KEY = "inkling.pen";
const MIN_WIDTH = 4;
const MAX_WIDTH = 40;
const STEP = 4;

export class PenSettings extends EventTarget {
  #width;
  #colour;
  #canvas;

  constructor(canvas) {
    super();
    this.#canvas = canvas;
    const { width = 16, colour = "ink" } = recall(onDevice, KEY) ?? {};
    this.#width = Math.min(Math.max(Number(width) || 16, MIN_WIDTH), MAX_WIDTH);
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
    this.#width = Math.min(Math.max(width, MIN_WIDTH), MAX_WIDTH);
    this.#colour = this.#canvas.dataset.pen = colour;
    remember(onDevice, KEY, { width: this.#width, colour: this.#colour });
    this.dispatchEvent(new Event("change"));
  }

  thicker() {
    this.change({ width: this.#width + STEP });
  }

  thinner() {
    this.change({ width: this.#width - STEP });
  }
}
