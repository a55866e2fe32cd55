// The clean shape behind a drawing ("Clean shape"): asks the server for the figure that fits the ink best, shows it, and
// offers it as SVG to copy and to download.

import { copy } from "../shared/clipboard.js";
import { download } from "../shared/download.js";
import { text } from "../shared/texts.js";

const SVG = "http://www.w3.org/2000/svg";
const PEN = 0.03; // width of the line, as a share of the longer side of the figure
const PAUSE_MS = 400; // the ink rests so long before the server is asked

export class CleanShape {
  #details;
  #part;
  #api;
  #content;
  #announcer;
  #generation = 0;
  #isStale = true; // whether the ink has changed since the figure was fitted
  #timer = 0;
  #figure = null;

  /** `details` holds the parts; `content()` returns `recognizer` and `ink` of the sheet. */
  constructor(details, { api, content, announcer }) {
    this.#details = details;
    this.#part = Object.fromEntries([...details.querySelectorAll("[data-shape]")].map((part) => [part.dataset.shape, part]));
    this.#api = api;
    this.#content = content;
    this.#announcer = announcer;
  }

  connect() {
    this.#details.addEventListener("toggle", () => this.#update());
    this.#part.copy.addEventListener("click", () => this.#copy());
    this.#part.download.addEventListener("click", () => this.#download());
  }

  /** The answer on display is about other ink than before. `isShape`: whether its first guess may have a figure. */
  show({ isShape }) {
    this.#generation += 1;
    this.#isStale = true;
    this.#details.hidden = !isShape;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#update(), PAUSE_MS);
  }

  clear() {
    this.show({ isShape: false });
    clearTimeout(this.#timer);
    this.#say("");
    this.#draw(null);
  }

  async #update() {
    if (!this.#details.open || this.#details.hidden || !this.#isStale) return;
    const generation = this.#generation;
    this.#isStale = false;
    const { recognizer, ink } = this.#content();
    try {
      const { figure } = await this.#api.predict({ recognizer, ink, include: ["figure"] });
      if (generation !== this.#generation) return;
      this.#draw(figure);
      this.#say(figure ? "" : text("noFigure"));
    } catch {
      if (generation !== this.#generation) return;
      this.#isStale = true; // opening it again asks again
      this.#draw(null);
      this.#say(text("figureFailed"));
    }
  }

  #draw(figure) {
    this.#figure = figure;
    this.#part.picture.replaceChildren(...(figure ? [svgOf(figure)] : []));
    for (const name of ["copy", "download"]) this.#part[name].disabled = !figure;
  }

  #say(words) {
    this.#part.status.textContent = words;
  }

  #source() {
    return new XMLSerializer().serializeToString(svgOf(this.#figure));
  }

  async #copy() {
    const words = text((await copy(this.#source())) ? "svgCopied" : "svgNotCopied");
    this.#say(words);
    this.#announcer.now(words);
  }

  #download() {
    download(new Blob([this.#source()], { type: "image/svg+xml" }), `${this.#figure.label}.svg`);
  }
}

/** The outline in the colour of the text around it, with room for its line. */
function svgOf({ path, box }) {
  const [left, top, width, height] = box;
  const pen = PEN * Math.max(width, height);
  const svg = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "path");
  const values = [left - pen, top - pen, width + 2 * pen, height + 2 * pen];
  svg.setAttribute("viewBox", values.map((value) => Number(value.toPrecision(6))).join(" "));
  const look = { fill: "none", stroke: "currentColor", "stroke-linecap": "round", "stroke-linejoin": "round" };
  for (const [name, value] of Object.entries({ d: path, "stroke-width": Number(pen.toPrecision(3)), ...look })) line.setAttribute(name, value);
  svg.append(line);
  return svg;
}
