// Small pictures of one's own drawings and their labels. Each drawing is fetched once. The path is the same as the one that the
// server draws, so a drawing looks alike on every page.

const SIDE = 100; // the drawing is fitted into a square of so many units
const MARGIN = 12;
const MIN_STEP = 2; // units; points that are nearer to the one before are left out
const SVG = "http://www.w3.org/2000/svg";

export class Thumbnails {
  #api;
  #fetched = new Map(); // identifier -> { frame: <li>, label: promise }

  constructor(api) {
    this.#api = api;
  }

  /** An empty frame at once, filled when the drawing arrives and hidden if it does not exist. */
  frame(id) {
    return this.#fetch(id).frame;
  }

  /** Promise of the label `{ label, glyph, name }`, or of null if it is not known. */
  label(id) {
    return this.#fetch(id).label;
  }

  #fetch(id) {
    if (!this.#fetched.has(id)) {
      const frame = document.createElement("li");
      this.#fetched.set(id, { frame, label: this.#fill(id, frame) });
    }
    return this.#fetched.get(id);
  }

  async #fill(id, frame) {
    try {
      const { ink, image, correction } = await this.#api.drawing(id);
      frame.append(ink ? toSvg(ink) : toImage(image));
      return correction;
    } catch (error) {
      frame.hidden = true;
      if (error.isPassing) this.#fetched.delete(id); // fetched again with the next answer
      return null;
    }
  }
}

/** An `<svg>` with the drawing. */
export function toSvg(ink) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "thumb");
  svg.setAttribute("viewBox", `0 0 ${SIDE} ${SIDE}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", toPath(ink));
  svg.append(path);
  return svg;
}

function toImage(address) {
  const image = document.createElement("img");
  image.className = "thumb";
  image.alt = "";
  image.src = address;
  return image;
}

/** `ink` is a list of strokes [[x...], [y...], ...]; gives the `d` of one SVG path with the aspect kept. */
export function toPath(ink) {
  return fitted(ink).map(([xs, ys]) => toLine(xs.map((x, i) => [x, ys[i]]))).join("");
}

/** The same strokes, without times, in the units of the path. */
export function fitted(ink) {
  const [x, y] = [extent(ink.flatMap(([xs]) => xs)), extent(ink.flatMap(([, ys]) => ys))];
  const larger = Math.max(x.length, y.length);
  const scale = larger ? (SIDE - 2 * MARGIN) / larger : 0;
  const fit = (values, { middle }) => values.map((value) => (value - middle) * scale + SIDE / 2);
  return ink.map(([xs, ys]) => [fit(xs, x), fit(ys, y)]);
}

function extent(values) {
  const [low, high] = values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  return { middle: (low + high) / 2, length: high - low };
}

function toLine(points) {
  const kept = [points[0]];
  for (const point of points.slice(1, -1)) {
    const last = kept.at(-1);
    if (Math.abs(point[0] - last[0]) + Math.abs(point[1] - last[1]) >= MIN_STEP) kept.push(point);
  }
  kept.push(points.at(-1));
  return toCurve(kept);
}

/**
 * The `d` of a curve through the middles of the segments of [[x, y], ...], as on the sheet. One point becomes a line of
 * no length, which round caps show as a dot.
 */
export function toCurve(points) {
  const at = (point) => point.map((value) => (Math.floor(value * 10 + 0.5) / 10).toFixed(1)).join(" ");
  const bends = points.slice(1, -1).map((bend, i) => `Q${at(bend)} ${at(middle(bend, points[i + 2]))}`);
  return `M${at(points[0])}${bends.join("")}L${at(points.at(-1))}`;
}

function middle([x, y], [otherX, otherY]) {
  return [(x + otherX) / 2, (y + otherY) / 2];
}
