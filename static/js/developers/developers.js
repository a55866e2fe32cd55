// A drawing area to try the API. It shows each request and its answer.

import { Client } from "../api.js";
import { Sheet, SIDE, Stroke } from "../draw/ink.js";
import { Pad } from "../draw/pad.js";
import { LabelLists } from "../shared/label_lists.js";
import { percent, reasonOf, text, wordOf } from "../shared/texts.js";

const QUIET_MS = 250; // the request is sent so long after the pen was lifted
const PEN = Object.assign(new EventTarget(), { width: 16 }); // sheet units

const { api: root, actingFor, labels } = JSON.parse(document.getElementById("config").textContent);
const box = document.querySelector("[data-try]");
const find = (name) => box.querySelector(`[data-${name}]`);

class Trial {
  #sheet = new Sheet();
  #pad = new Pad(find("pad"), this.#sheet, PEN);
  #api = new Client({ root, actingFor, attempts: 1 });
  #lists = new LabelLists(labels); // the names of labels in the language of the page
  #timer = 0;
  #sent = 0; // only the answer to the last request is shown

  connect() {
    this.#pad.connect();
    this.#sheet.addEventListener("change", () => this.#changed());
    this.#pad.addEventListener("full", () => (find("summary").textContent = text("tooManyPoints")));
    find("clear").addEventListener("click", () => this.#sheet.clear());
    find("recognizer").addEventListener("change", () => this.#changed());
    box.hidden = false;
    this.#show(JSON.parse(find("example").textContent));
  }

  /** Show a drawing at the start, as an example. */
  #show(strokes) {
    const span = SIDE / 120;
    const moved = (numbers) => numbers.map((number) => Math.round((number + 10) * span));
    this.#sheet.renew(strokes.map(([xs, ys]) => Stroke.fromWire([moved(xs), moved(ys), undefined])));
  }

  #changed() {
    clearTimeout(this.#timer);
    const strokes = this.#sheet.strokes;
    find("clear").disabled = !strokes.length;
    const content = { recognizer: find("recognizer").value, top_k: 3, ink: strokes.map(toWire) };
    find("request").textContent = strokes.length ? written(content) : "";
    if (!strokes.length) this.#showAnswer("", "");
    else this.#timer = setTimeout(() => this.#send(content), QUIET_MS);
  }

  async #send(content) {
    const number = ++this.#sent;
    find("summary").textContent = text("waiting");
    try {
      const [answer] = await Promise.all([this.#api.predict(content), this.#lists.load(content.recognizer)]);
      if (number === this.#sent) this.#showAnswer(written(answer), inWords(answer));
    } catch (error) {
      if (number !== this.#sent) return;
      this.#showAnswer(written({ code: error.code, detail: error.detail }), reasonOf(error) || text("offline"));
    }
  }

  #showAnswer(response, words) {
    this.#sent += response ? 0 : 1;
    find("response").textContent = response;
    find("summary").textContent = words;
  }
}

/** Whole numbers and no times, to keep the request short. */
function toWire({ xs, ys }) {
  return [xs.map(Math.round), ys.map(Math.round)];
}

function inWords({ guesses: [first], unsure }) {
  const name = first.glyph || wordOf(first.name);
  return text(unsure ? "unsure" : "answered", { name, percent: percent(first.probability) });
}

/** JSON with lists of numbers on one line. */
function written(data) {
  const lines = JSON.stringify(data, null, 2);
  return lines.replace(/\[\s+(-?[\d.]+(?:,\s+-?[\d.]+)*)\s+\]/g, (_, numbers) => `[${numbers.replace(/\s+/g, " ")}]`);
}

new Trial().connect();
