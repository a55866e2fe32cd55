// A picture of a round to share or save: each drawing with what was asked for and what it was taken for. Painted on a canvas.

import { download } from "../shared/download.js";
import { text, wordOf } from "../shared/texts.js";
import { toPath } from "../shared/thumbnails.js";

const SIDE = 1080;
const MARGIN = 56;
const HEAD = 168;
const FOOT = 72;
const UNITS = 100; // of a path of `toPath`
const COLOURS = { paper: "#faf8f3", sheet: "#fffefb", line: "#e0dbd0", ink: "#1d1b18", muted: "#625d54", accent: "#2150b5", amber: "#85560a" };
const SERIF = 'ui-serif, Georgia, "Noto Serif", "Noto Serif Bengali", serif';
const SANS = 'system-ui, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Bengali", sans-serif';

export class ScorePicture {
  #canvas;
  #shareButton;
  #recognizer;
  #round = null;

  /** `recognizer`: `{ slug, name }`. */
  constructor(canvas, shareButton, recognizer) {
    this.#canvas = canvas;
    this.#shareButton = shareButton;
    this.#recognizer = recognizer;
  }

  /** `labels`: those of the recognizer, for the names of answers. */
  async show(round, labels) {
    this.#round = round;
    paint(this.#canvas, { round, name: this.#recognizer.name, labels: new Map(labels.map((label) => [label.slug, label])) });
    this.#canvas.setAttribute("aria-label", text("pictureAlt", { count: round.entries.length }));
    this.#shareButton.hidden = !navigator.canShare?.({ files: [await this.#file()] });
  }

  async share() {
    const { right, count } = this.#round.score;
    await navigator.share({ files: [await this.#file()], text: text("shareText", { right, count }) }).catch(() => {}); // they thought better of it
  }

  async save() {
    const file = await this.#file();
    download(file, file.name);
  }

  async #file() {
    const png = await new Promise((resolve) => this.#canvas.toBlob(resolve, "image/png"));
    return new File([png], `inkling-${this.#recognizer.slug}.png`, { type: "image/png" });
  }
}

function paint(canvas, { round, name, labels }) {
  const context = canvas.getContext("2d");
  canvas.width = canvas.height = SIDE;
  context.fillStyle = COLOURS.paper;
  context.fillRect(0, 0, SIDE, SIDE);
  write(context, text("pictureTitle", { name, ...round.score }), { x: MARGIN, y: 104, size: 52, family: SERIF, most: SIDE - 2 * MARGIN });
  write(context, `Inkling · ${location.host}`, { x: MARGIN, y: SIDE - 44, size: 28, colour: COLOURS.muted, most: SIDE - 2 * MARGIN });
  const columns = round.entries.length > 6 ? 4 : 3;
  const rows = Math.ceil(round.entries.length / columns);
  const width = (SIDE - 2 * MARGIN) / columns;
  const height = Math.min((SIDE - HEAD - FOOT) / rows, width + 72);
  round.entries.forEach((entry, i) => {
    const at = { x: MARGIN + (i % columns) * width, y: HEAD + Math.floor(i / columns) * height };
    paintEntry(context, entry, { ...at, width: width - 24, height: height - 16, labels });
  });
}

function paintEntry(context, entry, { x, y, width, height, labels }) {
  const side = Math.min(width, height - 56);
  context.fillStyle = COLOURS.sheet;
  context.strokeStyle = entry.isRight ? COLOURS.accent : COLOURS.line;
  context.lineWidth = entry.isRight ? 4 : 2;
  context.beginPath();
  context.roundRect?.(x, y, side, side, 12);
  if (!context.roundRect) context.rect(x, y, side, side);
  context.fill();
  context.stroke();
  if (entry.ink.length) paintInk(context, entry.ink, { x, y, side });
  const asked = entry.label.glyph || wordOf(entry.label.name);
  const end = write(context, asked, { x: x + 4, y: y + side + 40, size: 32, weight: 600, most: side * 0.5 });
  if (entry.isRight) return tick(context, end + 14, y + side + 30);
  const label = entry.answer && (labels.get(entry.answer.guesses[0].label) ?? entry.answer.guesses[0]);
  const taken = !label || entry.answer.unsure ? text("pictureUnsure") : label.glyph || wordOf(label.name);
  if (entry.ink.length) write(context, `→ ${taken}`, { x: end + 12, y: y + side + 40, size: 28, colour: COLOURS.amber, most: x + side - end - 12 });
}

function paintInk(context, ink, { x, y, side }) {
  context.save();
  context.translate(x, y);
  context.scale(side / UNITS, side / UNITS);
  context.strokeStyle = COLOURS.ink;
  context.lineWidth = 4;
  context.lineCap = context.lineJoin = "round";
  context.stroke(new Path2D(toPath(ink)));
  context.restore();
}

/** Returns where the text ends. It is made smaller if it is wider than `most`. */
function write(context, words, { x, y, size, most, colour = COLOURS.ink, weight = 500, family = SANS }) {
  context.fillStyle = colour;
  context.font = `${weight} ${size}px ${family}`;
  const width = context.measureText(words).width;
  if (width > most) context.font = `${weight} ${Math.max(16, Math.floor((size * most) / width))}px ${family}`;
  context.fillText(words, x, y, most);
  return x + Math.min(most, context.measureText(words).width);
}

function tick(context, x, y) {
  context.strokeStyle = COLOURS.accent;
  context.lineWidth = 5;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + 9, y + 9);
  context.lineTo(x + 26, y - 12);
  context.stroke();
}
