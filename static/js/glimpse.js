// "What the model sees": the 28x28 raster behind a disclosure, in the page's own ink.

import { SIZE, rasterise } from "./raster.js";

export class Glimpse {
  #details;
  #canvas;
  #strokes;

  /** `strokes` gives what is on the sheet. */
  constructor(details, strokes) {
    this.#details = details;
    this.#canvas = details.querySelector("canvas");
    this.#strokes = strokes;
  }

  connect() {
    this.#canvas.width = this.#canvas.height = SIZE;
    this.#details.addEventListener("toggle", () => this.update());
    addEventListener("themechange", () => this.update());
  }

  update() {
    if (!this.#details.open) return;
    const context = this.#canvas.getContext("2d");
    const strokes = this.#strokes();
    context.clearRect(0, 0, SIZE, SIZE);
    if (!strokes.length) return;
    const picture = context.createImageData(SIZE, SIZE);
    const [red, green, blue] = getComputedStyle(this.#canvas).color.match(/[\d.]+/g).map(Number);
    rasterise(strokes.map((stroke) => stroke.toWire())).forEach((grey, i) => {
      picture.data.set([red, green, blue, grey], i * 4);
    });
    context.putImageData(picture, 0, 0);
  }
}
