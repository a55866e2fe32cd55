// The draw page: wires the sheet, the pen, the model's answers and what becomes of a drawing.

import { Announcer } from "./announcer.js";
import { Api } from "./api.js";
import { Asker } from "./asker.js";
import { Because } from "./because.js";
import { Glimpse } from "./glimpse.js";
import { Guesses } from "./guesses.js";
import { Sheet } from "./ink.js";
import { Keeping } from "./keeping.js";
import { KeyboardPen } from "./keyboard_pen.js";
import { Pad } from "./pad.js";
import { Pictures } from "./pictures.js";
import { Outbox, Postman } from "./queue.js";
import { Shortcuts } from "./shortcuts.js";
import { Taste } from "./taste.js";
import { percent, text } from "./texts.js";
import { Thumbnails } from "./thumbnails.js";
import { Tools } from "./tools.js";

const find = (selector) => document.querySelector(selector);

class DrawPage {
  #config = JSON.parse(find("#config").textContent);
  #sheet = new Sheet();
  #canvas = find("[data-pad]");
  #taste = new Taste(this.#canvas);
  #pad = new Pad(this.#canvas, this.#sheet, this.#taste);
  #keyboardPen = new KeyboardPen(this.#canvas, find("[data-cursor]"), this.#pad);
  #api = new Api(this.#config.api);
  #asker = new Asker(this.#api);
  #guesses = new Guesses(find("[data-panel]"), this.#config.labels);
  #because = find("[data-because]") && new Because(find("[data-panel]"), new Thumbnails(this.#api)); // not for strangers
  #announcer = new Announcer(find("[data-announcer]"));
  #postman = new Postman(this.#api, new Outbox(this.#config.user));
  #keeping = new Keeping({ ...this.#config, sheet: this.#sheet, postman: this.#postman });
  #pictures = new Pictures(find("[data-sheet]"), document.querySelectorAll("[data-picture-input]"));
  #glimpse = new Glimpse(find("[data-glimpse]"), () => this.#pad.strokes);
  #tools = new Tools(find("[data-tools]"), this.#taste);
  #shortcuts = new Shortcuts(this.#keys(), find("[data-single-keys]"));
  #answered = null; // the label that was said about what is on the sheet
  #pictureUrl = null;

  connect() {
    this.#listen();
    for (const part of [this.#pad, this.#keyboardPen, this.#guesses, this.#pictures, this.#glimpse, this.#tools]) part.connect();
    this.#keeping.connect();
    this.#shortcuts.connect();
    if (this.#config.user) this.#postman.connect();
    this.#showOutbox();
    if (this.#config.memory?.holds) this.#because.makeRoom();
    if (!this.#keeping.restore()) this.#showSheet();
    find("[data-draw]").dataset.ready = "";
  }

  #listen() {
    const on = (target, type, action) => target.addEventListener(type, (event) => action.call(this, event.detail, event));
    on(this.#sheet, "change", this.#sheetChanged);
    on(this.#pad, "begin", this.#penDown);
    on(this.#pad, "progress", this.#inkGrows);
    on(this.#pad, "full", () => this.#problem(text("sheetFull")));
    on(this.#keyboardPen, "pen", () => this.#announcer.now(text(this.#keyboardPen.isDown ? "penDown" : "penUp")));
    on(this.#keyboardPen, "moved", () => this.#announcer.say(() => this.#whereIsTheCursor()));
    on(this.#asker, "answer", this.#answer);
    on(this.#asker, "problem", this.#unanswered);
    on(this.#asker, "pause", (seconds) => seconds > 3 && this.#problem(text("pause")));
    on(this.#guesses, "say", this.#say);
    on(this.#pictures, "picture", this.#place);
    on(this.#pictures, "refused", (why) => this.#problem(text(why)));
    on(this.#postman, "change", this.#showOutbox);
    on(window, "online", () => this.#ask());
    on(document, "click", (_, event) => this.#act(event.target.closest("[data-do]")?.dataset.do));
  }

  // --- What a person does ---

  #keys() {
    const act = (name) => () => this.#act(name);
    return {
      digit: (key) => this.#say(this.#labelOfKey(key)),
      enter: () => (this.#answered ? this.#act("next") : this.#act("confirm")),
      "mod+z": act("undo"),
      "mod+y": act("redo"),
      "mod+shift+z": act("redo"),
      z: (event) => this.#act(event.shiftKey ? "redo" : "undo"),
      y: act("redo"),
      x: act("clear"),
      delete: act("clear"),
      n: act("next"),
      d: () => this.#canvas.focus(),
      s: act("shuffle"),
      "[": () => this.#taste.finer(),
      "]": () => this.#taste.broader(),
      "?": act("help"),
    };
  }

  #act(name) {
    const actions = {
      undo: () => (this.#answered ? this.#takeBack() : this.#sheet.undo()),
      redo: () => this.#answered || this.#sheet.redo(),
      clear: () => (this.#answered ? this.#turnOver() : this.#clear()),
      next: () => this.#answered && this.#turnOver(),
      confirm: () => this.#guesses.first && this.#say(this.#guesses.first.label),
      takeBack: () => this.#takeBack(),
      retry: () => this.#ask(),
      shuffle: () => this.#shuffle(),
      help: () => find("[data-help]").showModal(),
      closeHelp: () => find("[data-help]").close(),
    };
    if (name && !this.#pad.isDrawing) actions[name]();
  }

  /** A number key names the label that looks like it, else the one at that place. */
  #labelOfKey(key) {
    const { labels } = this.#config;
    return (labels.find(({ slug }) => slug === key) ?? labels[Number(key)])?.slug;
  }

  #penDown() {
    if (this.#answered) this.#next();
    this.#settle({ retryable: false });
  }

  #inkGrows() {
    if (!this.#sheet.strokes.length) this.#guesses.showWaiting();
    this.#ask();
    this.#glimpse.update();
  }

  #clear() {
    if (this.#sheet.isBlank) return;
    this.#sheet.clear();
    this.#announcer.now(text("cleared"));
  }

  /** A new sheet for somebody who may have scrolled down to answer. */
  #turnOver() {
    if (this.#hasFocus("[data-panel]")) this.#canvas.focus({ preventScroll: true });
    find("[data-sheet]").scrollIntoView({ block: "nearest" });
    this.#next();
  }

  #next() {
    this.#answered = null;
    this.#sheet.renew();
    this.#showOutbox();
    this.#shuffle();
    this.#announcer.now(text("newSheet"));
  }

  #hasFocus(part) {
    return find(part).contains(document.activeElement);
  }

  #place(picture) {
    this.#answered = null;
    this.#showEmpty();
    this.#sheet.place(picture);
  }

  // --- What is on the sheet ---

  #sheetChanged({ how }) {
    if (how !== "stroke") {
      this.#asker.forget(); // a stroke only adds: the answer on its way is still about this sheet
      this.#settle();
    }
    this.#showSheet();
    this.#ask();
  }

  #showSheet() {
    const { picture, isBlank } = this.#sheet;
    if (this.#pictureUrl) URL.revokeObjectURL(this.#pictureUrl);
    this.#pictureUrl = picture && URL.createObjectURL(picture);
    const image = find("[data-picture]");
    image.hidden = !picture;
    if (picture) image.src = this.#pictureUrl;
    this.#canvas.hidden = Boolean(picture);
    find("[data-sheet]").dataset.answered = this.#answered ?? "";
    if (isBlank) this.#showEmpty();
    else this.#guesses.showWaiting();
    this.#glimpse.update();
    this.#showTools();
  }

  #showEmpty() {
    this.#guesses.showEmpty();
    this.#because?.clear();
  }

  #showTools() {
    const { canUndo, canRedo, isBlank } = this.#sheet;
    const answered = this.#answered !== null;
    this.#tools.enable({ undo: canUndo || answered, redo: canRedo && !answered, clear: !isBlank });
  }

  #shuffle() {
    const glyph = find("[data-prompt]");
    const others = this.#config.labels.filter((label) => (label.glyph || label.name) !== glyph.textContent);
    if (!others.length) return;
    const label = others[Math.floor(Math.random() * others.length)];
    glyph.textContent = label.glyph || label.name;
  }

  #whereIsTheCursor() {
    const { across, down } = this.#keyboardPen.place;
    return text("cursor", { across: percent(across), down: percent(down) });
  }

  // --- What the model says ---

  #ask() {
    if (this.#answered || (this.#sheet.isBlank && !this.#pad.isDrawing)) return;
    this.#asker.ask(() => this.#content());
  }

  #content() {
    const { recognizer } = this.#config;
    if (this.#sheet.picture) return { recognizer, image: this.#sheet.picture };
    return { recognizer, ink: this.#pad.strokes.map((stroke) => stroke.toWire()) };
  }

  #answer(answer) {
    this.#settle({ retryable: true });
    this.#guesses.showAnswer(answer);
    this.#because?.show(answer, { settled: !this.#pad.isDrawing && !this.#asker.hasMore });
    this.#announcer.say(() => this.#sentence());
  }

  /** What a screen reader says; with what the model alone says only where memory changed it. */
  #sentence() {
    const answer = this.#guesses.sentence({ spoken: true });
    return this.#because?.spoken(answer) ?? answer;
  }

  #unanswered(error) {
    if (error.code === "empty_ink" || error.code === "blank_image") {
      this.#guesses.showNothing();
      this.#because?.clear();
      return this.#announcer.say(text("nothing"));
    }
    const refused = error.status >= 400 && error.status < 500;
    if (refused && this.#sheet.picture) this.#sheet.withdraw();
    this.#problem(whyNot(error), { retry: !refused });
  }

  /** A quiet line below the sheet; the ink stays where it is. */
  #problem(what, { retry = false } = {}) {
    const line = find("[data-problem]");
    line.hidden = false;
    line.querySelector("span").textContent = what;
    line.querySelector("button").hidden = !retry;
  }

  /** An answer settles what could be tried again; the next act settles what was refused. */
  #settle({ retryable = null } = {}) {
    const line = find("[data-problem]");
    if (retryable === null || line.querySelector("button").hidden === !retryable) line.hidden = true;
  }

  // --- What a person says ---

  #say(slug) {
    const label = this.#guesses.label(slug);
    if (!label || this.#sheet.isBlank || this.#pad.isDrawing) return;
    this.#answered = slug;
    this.#asker.forget();
    this.#settle();
    const agrees = this.#guesses.first?.label === slug;
    const headline = text(agrees ? "agreed" : "corrected", { name: label.name });
    this.#guesses.showThanks(label, headline);
    this.#showTools();
    find("[data-sheet]").dataset.answered = slug;
    if (this.#hasFocus("[data-panel]")) find("[data-panel] [data-do=next]").focus({ preventScroll: true });
    if (this.#config.user) this.#keep(slug, headline);
    else this.#fate("anonymous", headline);
  }

  async #keep(slug, headline) {
    this.#guesses.showFate("keeping");
    const fate = await this.#keeping.answer(slug).then(fateOf, (error) => (error.code === "consent_required" ? "consent" : "failed"));
    if (this.#answered === slug) this.#fate(fate, headline);
  }

  #fate(name, headline) {
    this.#guesses.showFate(name);
    if (name === "kept" && this.#config.memory.on) this.#because.makeRoom();
    const line = find(`[data-fate="${name}"]`);
    this.#announcer.now(`${headline} ${line.textContent.replace(/\s+/g, " ").trim()}`);
  }

  #takeBack() {
    if (!this.#answered) return;
    this.#answered = null;
    if (this.#config.user) this.#keeping.takeBack().catch(() => this.#problem(text("notTakenBack")));
    find("[data-sheet]").dataset.answered = "";
    if (this.#guesses.answer) this.#guesses.showAnswer(this.#guesses.answer);
    else this.#guesses.showNothing();
    this.#showTools();
    this.#announcer.now(text("takenBack"));
  }

  #showOutbox() {
    const waiting = this.#postman.waiting;
    find("[data-outbox]").hidden = waiting === 0 || (waiting === 1 && this.#answered !== null);
    find("[data-outbox-count]").textContent = waiting;
    const fate = find("[data-fate=queued]");
    if (!waiting && fate && !fate.hidden) this.#guesses.showFate("kept");
  }
}

/** In words for the person who drew. */
function whyNot({ status, code, detail, isOffline }) {
  if (isOffline) return text("offline");
  if (status === 403) return text("outOfDate"); // the token of another session
  return status < 500 || code === "no_model" ? detail : text("serverStumbled");
}

function fateOf({ queued }) {
  if (!queued) return "kept";
  return queued.needsSignIn ? "signedOut" : "queued";
}

new DrawPage().connect();
