// The end of a round: for each prompt what was drawn, what it was taken for, and how it is usually drawn.

import { percent, pieces, text, wordOf } from "../shared/texts.js";
import { fitted, toSvg } from "../shared/thumbnails.js";
import { named, sign } from "../shared/labels.js";
import { isStill, replay } from "../review/replay.js";

const REPLAY_MS = 2000;
const ACTIONS = { saved: "removeLabel", queued: "removeLabel", notSaved: "save", unlabelled: "save", refused: "save" };

export class Result {
  #part;
  #labels;
  #saving;
  #cards = new Map(); // entry -> <li>

  /** `parts`: the elements of the page by name. `saving`: null for guests. */
  constructor(parts, saving) {
    this.#part = parts;
    this.#saving = saving;
    saving?.addEventListener("change", ({ detail }) => this.#showSaving(detail));
  }

  /** Show what was drawn. `labels`: those of the recognizer, for the names of answers. */
  show(round, labels) {
    this.#labels = new Map(labels.map((label) => [label.slug, label]));
    this.#cards = new Map(round.entries.map((entry) => [entry, this.#card(entry)]));
    this.#part.drawn.replaceChildren(...this.#cards.values());
    const { right, count, seconds } = round.score;
    this.#part.score.textContent = text("score", { right, count });
    this.#part.took.textContent = text("took", { seconds });
    this.#part.sources.textContent = "";
  }

  /** The example drawings came, `{ labels, sources }`. */
  showExamples({ labels, sources }) {
    let delay = 0;
    for (const [entry, card] of this.#cards) {
      const example = labels[entry.label.slug];
      if (!example) continue;
      const svg = toSvg(example.ink);
      svg.dataset.replay = JSON.stringify(fitted(example.ink));
      nameSvg(svg, text("example", { name: wordOf(entry.label.name) }));
      const place = find(card, "example");
      place.hidden = false;
      place.querySelector("div").replaceChildren(svg);
      place.querySelector("[data-replay]:not(svg)").addEventListener("click", () => replay(svg, REPLAY_MS));
      if (!isStill()) setTimeout(() => replay(svg, REPLAY_MS), (delay += 150));
    }
    const said = sources.map(({ title, origin, licence }) => text("source", { title, origin, licence }));
    this.#part.sources.textContent = said.length ? text("sources", { sources: said.join("; ") }) : text("made");
  }

  #card(entry) {
    const card = this.#part.card.content.firstElementChild.cloneNode(true);
    const name = wordOf(entry.label.name);
    card.classList.toggle("right", entry.isRight);
    card.querySelector("h2").replaceChildren(...pieces("asked", { name: strong(sign(entry.label)) }));
    const replayButton = card.querySelector("[data-replay]");
    replayButton.setAttribute("aria-label", text("replay", { name }));
    replayButton.title = text("replay", { name });
    find(card, "example").hidden = true;
    if (entry.ink.length) find(card, "yours").append(nameSvg(toSvg(entry.ink), text("yours", { name })));
    find(card, "taken").replaceChildren(...this.#taken(entry));
    const seconds = Math.round(entry.ms / 1000);
    find(card, "lasted").textContent = text(entry.how === "time" ? "lastedTimeUp" : "lasted", { seconds });
    find(card, "saving").querySelector("button").addEventListener("click", () => this.#act(entry));
    this.#showSaving(entry, card);
    return card;
  }

  #taken({ ink, answer, how, isRight }) {
    if (!ink.length) return [text(how === "time" ? "notDrawn" : "skipped")];
    if (!answer) return [text("notLookedAt")];
    const [first] = answer.guesses;
    const label = this.#labels.get(first.label) ?? first;
    const values = { name: strong(label.glyph ? sign(label) : named(label)), percent: percent(first.probability) };
    return isRight || !answer.unsure ? pieces("takenFor", values) : pieces("takenForUnsure", values);
  }

  #showSaving(entry, card = this.#cards.get(entry)) {
    if (!card || !entry.saving) return;
    const line = find(card, "saving");
    const { state, detail } = entry.saving;
    line.hidden = false;
    line.querySelector("span").textContent = text(state, { detail });
    const button = line.querySelector("button");
    const action = ACTIONS[state];
    button.hidden = !action;
    if (!action) return;
    button.textContent = text(action);
    button.setAttribute("aria-label", text(`${action}Of`, { name: wordOf(entry.label.name) }));
  }

  #act(entry) {
    if (ACTIONS[entry.saving.state] === "save") this.#saving.save(entry);
    else this.#saving.removeLabel(entry);
  }
}


function find(card, part) {
  return card.querySelector(`[data-part="${part}"]`);
}

function nameSvg(svg, words) {
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", words);
  return svg;
}

function strong(node) {
  const element = document.createElement("b");
  element.append(node);
  return element;
}
