// Draws the raster that the model gets ("What the model sees").

import { DEFAULT, rasterise } from "./raster.js";

export class RasterPreview {
  #details;
  #canvas;
  #strokes;
  #spec;
  #picture = null;

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

  /** The raster of a picture, a data URL: white on black. Null for ink, which is drawn here. */
  showPicture(address) {
    this.#picture = address;
    this.update();
  }

  update() {
    if (!this.#details.open) return;
    this.#canvas.width = this.#canvas.height = this.#spec().size; // this also clears it
    if (this.#picture) this.#paintPicture(this.#picture).catch(() => {}); // it stays blank
    else this.#paintInk(this.#strokes());
  }

  #paintInk(strokes) {
    if (!strokes.length) return;
    const spec = this.#spec();
    const context = this.#canvas.getContext("2d");
    const picture = context.createImageData(spec.size, spec.size);
    const [red, green, blue] = getComputedStyle(this.#canvas).color.match(/[\d.]+/g).map(Number);
    rasterise(strokes.map((stroke) => stroke.toWire()), spec).forEach((grey, i) => {
      picture.data.set([red, green, blue, grey], i * 4);
    });
    context.putImageData(picture, 0, 0);
  }

  /** In the colours of the page. Pixels are not read back: some browsers change them. */
  async #paintPicture(address) {
    const image = new Image();
    image.src = address;
    await image.decode();
    if (address !== this.#picture) return; // another one came meanwhile
    const { color, backgroundColor } = getComputedStyle(this.#canvas);
    const side = this.#canvas.width;
    const context = this.#canvas.getContext("2d");
    context.globalCompositeOperation = "source-over";
    context.drawImage(tinted(image, side, color), 0, 0);
    context.globalCompositeOperation = "lighter";
    context.drawImage(tinted(image, side, backgroundColor, { inverted: true }), 0, 0);
  }
}

/** The image with its white, or with `inverted` its black, in this colour, and the rest black. */
function tinted(image, side, colour, { inverted = false } = {}) {
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = canvas.getContext("2d");
  const fill = (how, style) => {
    context.globalCompositeOperation = how;
    context.fillStyle = style;
    context.fillRect(0, 0, side, side);
  };
  context.drawImage(image, 0, 0, side, side);
  if (inverted) fill("difference", "white");
  fill("multiply", colour);
  return canvas;
}
