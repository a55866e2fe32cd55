// Ink on a canvas: always redrawn from the strokes, so it is crisp at any size and pixel ratio.

import { SIDE } from "./ink.js";

export class Painter {
  #canvas;
  #context;
  #paths = new WeakMap(); // finished strokes never change

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
  }

  /** Give the canvas as many pixels as the screen has for it. */
  resize(pixels) {
    if (this.#canvas.width === pixels && this.#canvas.height === pixels) return;
    this.#canvas.width = this.#canvas.height = pixels;
  }

  paint(strokes, live, width) {
    const context = this.#context;
    const scale = this.#canvas.width / SIDE;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.lineWidth = width;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = getComputedStyle(this.#canvas).color;
    for (const stroke of strokes) context.stroke(this.#pathOf(stroke));
    if (live) context.stroke(toPath(live));
  }

  #pathOf(stroke) {
    if (!this.#paths.has(stroke)) this.#paths.set(stroke, toPath(stroke));
    return this.#paths.get(stroke);
  }
}

/** A curve through the middles of the segments: smooth where a fast hand leaves few points. */
function toPath({ xs, ys }) {
  const path = new Path2D();
  path.moveTo(xs[0], ys[0]);
  for (let i = 1; i < xs.length - 1; i++) {
    path.quadraticCurveTo(xs[i], ys[i], (xs[i] + xs[i + 1]) / 2, (ys[i] + ys[i + 1]) / 2);
  }
  const last = xs.length - 1;
  path.lineTo(xs[last] + (last ? 0 : 0.01), ys[last]); // a line of no length has no round caps in every browser
  return path;
}
