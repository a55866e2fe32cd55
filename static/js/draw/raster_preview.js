// Draws the raster that the model gets ("What the model sees").

import { DEFAULT, rasterise } from "./raster.js";

export class RasterPreview {
  #details;
  #canvas;
  #strokes;
  #spec;

  /** `strokes()` returns the current strokes, `spec()` the raster settings of the recognizer: {size, box, pen}. */
  constructor(details, strokes, spec = () => DEFAULT) {
    this.#details = details;
    this.#canvas = details.querySelector("canvas");
    this.#strokes = strokes;
    this.#spec = spec;
  }

  connect() {
    this.#details.addEventListener("toggle", () => this.update());
    addEventListener("themechange", () => this.update());
  }

  update() {
    if (!this.#details.open) return;
    const spec = this.#spec();
    const strokes = this.#strokes();
    this.#canvas.width = this.#canvas.height = spec.size; // this also clears it
    if (!strokes.length) return;
    const context = this.#canvas.getContext("2d");
    const picture = context.createImageData(spec.size, spec.size);
    const [red, green, blue] = getComputedStyle(this.#canvas).color.match(/[\d.]+/g).map(Number);
    rasterise(strokes.map((stroke) => stroke.toWire()), spec).forEach((grey, i) => {
      picture.data.set([red, green, blue, grey], i * 4);
    });
    context.putImageData(picture, 0, 0);
  }
}
