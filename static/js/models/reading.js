// "How a network reads your drawing": runs the live model in the page and shows what its layers make of a drawing.

import { loadDraft } from "../draw/draft.js";
import { Sheet } from "../draw/ink.js";
import { Pad } from "../draw/pad.js";
import { PenSettings } from "../draw/pen_settings.js";
import { rasterise } from "../draw/raster.js";
import { loadModel } from "../model/load.js";
import { integer, percent, text, wordOf } from "../shared/texts.js";

const SHOWN = 8; // filters of a layer: those that found most
const LABELS = 5;

const find = (selector) => document.querySelector(selector);
const clone = (name) => find(`template[data-${name}]`).content.firstElementChild.cloneNode(true);

class ReadingPage {
  #config = JSON.parse(find("#config").textContent);
  #sheet = new Sheet();
  #canvas = find("[data-pad]");
  #pad = new Pad(this.#canvas, this.#sheet, new PenSettings(this.#canvas));
  #model = null;
  #frame = 0;

  async connect() {
    this.#pad.connect();
    this.#sheet.addEventListener("change", () => this.#update());
    this.#pad.addEventListener("progress", () => this.#update());
    addEventListener("themechange", () => this.#update());
    addEventListener("click", ({ target }) => this.#act(target.closest("[data-do]")?.dataset.do));
    const draft = loadDraft(); // what is on the draw page in this tab; it stays there
    if (draft) this.#sheet.restore(draft);
    try {
      const { root, recognizer, version, sha256 } = this.#config;
      this.#model = await loadModel((path, as, options) => read(root + path, as, options), recognizer, { version, expected: sha256 });
    } catch (error) {
      find("[data-status]").textContent = text(error.name === "UnknownModelError" ? "unknownModel" : "notLoaded");
      return;
    }
    find("[data-reading]").dataset.ready = "";
    this.#update();
  }

  #act(name) {
    if (name === "undo") this.#sheet.undo();
    if (name === "clear") this.#sheet.clear();
  }

  /** Once a frame, however many points came meanwhile. */
  #update() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#show());
  }

  #show() {
    const { strokes } = this.#pad;
    find("[data-do=undo]").disabled = !this.#sheet.canUndo;
    find("[data-do=clear]").disabled = this.#sheet.isBlank;
    find("[data-inked]").hidden = !this.#model || !strokes.length;
    if (!this.#model) return;
    find("[data-status]").textContent = strokes.length ? text("goOn") : text("drawHere");
    if (!strokes.length) return;
    const raster = rasterise(strokes.map((stroke) => stroke.toWire()), this.#model.about.raster);
    const answer = this.#model.answerRaster(raster);
    paint(find("[data-raster]"), raster, this.#model.about.raster.size, 255);
    this.#showLayers(this.#model.network.layers);
    this.#showSummary(answer.embedding);
    this.#showScores(answer, this.#model.network.layers.at(-2).data);
  }

  #showLayers(layers) {
    const shown = layers.filter(({ name }) => name === "convolution" || name === "maxPooling");
    const part = find("[data-layers]");
    if (part.children.length !== shown.length) part.replaceChildren(...shown.map(() => clone("layer")));
    let number = 0;
    let picked = []; // the filters of the last convolution
    shown.forEach((layer, i) => {
      const isConvolution = layer.name === "convolution";
      if (isConvolution) {
        number += 1;
        picked = strongest(layer);
      }
      const section = part.children[i];
      section.querySelector("[data-title]").textContent = text(isConvolution ? "convolution" : "pooling", { number: integer(number) });
      section.querySelector("[data-words]").textContent = isConvolution ? convolutionWords(layer, number) : sizeWords("poolingWords", layer);
      showMaps(section.querySelector("[data-maps]"), layer, picked);
    });
  }

  #showSummary(embedding) {
    const used = embedding.filter((value) => value > 0).length;
    find("[data-summary]").textContent = text("summary", { count: integer(embedding.length), used: integer(used) });
    paintStrip(find("[data-strip]"), embedding);
  }

  #showScores({ guesses, unsure }, scores) {
    const { labels } = this.#model.about;
    const position = new Map(labels.map(({ slug }, i) => [slug, i]));
    const rest = 1 - guesses.reduce((sum, { probability }) => sum + probability, 0);
    const rows = guesses.slice(0, LABELS).map((guess) => [sign(guess), scores[position.get(guess.label)], guess.probability]);
    rows.push([text("noneOfThese"), scores[labels.length], Math.max(0, rest)]);
    find("[data-scores]").replaceChildren(...rows.map(row));
    find("[data-verdict]").textContent = text(unsure ? "verdictUnsure" : "verdict", {
      name: wordOf(guesses[0].name),
      share: percent(guesses[0].probability),
      limit: percent(this.#model.about.unsure_below),
    });
  }
}

async function read(address, as, { fresh }) {
  const response = await fetch(address, { credentials: "omit", cache: fresh ? "reload" : "default" });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return as === "json" ? response.json() : response.arrayBuffer();
}

const sign = ({ glyph, name }) => glyph || wordOf(name);

function row([name, score, probability]) {
  const cells = [["th", name], ["td", decimal(score)], ["td", percent(probability)]].map(([tag, words]) => {
    const cell = document.createElement(tag);
    cell.textContent = words;
    return cell;
  });
  cells[0].scope = "row";
  const line = document.createElement("tr");
  line.append(...cells);
  return line;
}

function decimal(number) {
  const options = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return new Intl.NumberFormat(document.documentElement.lang || "en", options).format(number);
}

function convolutionWords(layer, number) {
  const [filters, rows, columns, channels] = layer.weights.shape;
  const values = { filters, rows, columns, channels, weights: rows * columns * channels };
  const told = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, integer(value)]));
  return `${text(number === 1 ? "firstWords" : "nextWords", told)} ${sizeWords("sizeWords", layer)}`;
}

function sizeWords(name, { shape: [, height, width, channels] }) {
  return text(name, { height: integer(height), width: integer(width), pictures: integer(channels) });
}

/** The numbers of the filters that found most in this drawing, in their own order. */
function strongest({ data, shape }) {
  const channels = shape.at(-1);
  const sums = new Float64Array(channels);
  for (let i = 0; i < data.length; i += 1) sums[i % channels] += data[i];
  const order = [...sums.keys()].sort((a, b) => sums[b] - sums[a]);
  return order.slice(0, SHOWN).sort((a, b) => a - b);
}

function showMaps(list, { data, shape: [, height, , channels] }, picked) {
  if (list.children.length !== picked.length) list.replaceChildren(...picked.map(() => clone("map")));
  picked.forEach((channel, i) => {
    const map = Float32Array.from({ length: data.length / channels }, (_, place) => Math.max(0, data[place * channels + channel]));
    const highest = map.reduce((most, value) => Math.max(most, value), 0);
    const item = list.children[i];
    paint(item.querySelector("canvas"), map, height, highest || 1);
    item.querySelector("figcaption").textContent = text("filter", { number: integer(channel + 1) });
  });
}

/** Numbers from 0 to `highest` as pixels, from the canvas's background to its colour. */
function paint(canvas, numbers, side, highest) {
  canvas.width = canvas.height = side; // this also clears it
  const context = canvas.getContext("2d");
  const picture = context.createImageData(side, numbers.length / side);
  const [red, green, blue] = colourOf(canvas);
  numbers.forEach((number, i) => picture.data.set([red, green, blue, (255 * number) / highest], i * 4));
  context.putImageData(picture, 0, 0);
}

function paintStrip(canvas, numbers) {
  [canvas.width, canvas.height] = [canvas.clientWidth * devicePixelRatio, canvas.clientHeight * devicePixelRatio];
  const context = canvas.getContext("2d");
  context.fillStyle = getComputedStyle(canvas).color;
  const highest = numbers.reduce((most, value) => Math.max(most, value), 0) || 1;
  const step = canvas.width / numbers.length;
  numbers.forEach((number, i) => {
    const height = (number / highest) * canvas.height;
    context.fillRect(i * step, canvas.height - height, Math.max(1, step * 0.7), height);
  });
}

const colourOf = (element) => getComputedStyle(element).color.match(/[\d.]+/g).map(Number);

new ReadingPage().connect();
