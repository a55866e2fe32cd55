// The draw page: wires the sheet, the pen, the model's answers and what becomes of a drawing.

import { Announcer } from "../shared/announcer.js";
import { Client } from "../api.js";
import { Asker } from "./predictor.js";
import { Because } from "./memory_reasons.js";
import { Elsewhere } from "./other_recognizer.js";
import { Glimpse } from "./raster_preview.js";
import { Guesses } from "./guesses.js";
import { Sheet } from "./ink.js";
import { Keeping } from "./draft_store.js";
import { KeyboardPen } from "./keyboard_pen.js";
import { Pad } from "./pad.js";
import { Picker } from "./label_picker.js";
import { Pictures } from "./pictures.js";
import { Problem, whyNot } from "../shared/problem.js";
import { Prompt } from "./prompt.js";
import { Outbox, Postman } from "./outbox.js";
import { Recognizers } from "./recognizers.js";
import { Shortcuts } from "../shared/shortcuts.js";
import { Taste } from "./pen_settings.js";
import { percent, text } from "../shared/texts.js";
import { Thumbnails } from "../shared/thumbnails.js";
import { Tools } from "./tools.js";

const find = (selector) => document.querySelector(selector);

class DrawPage {
  #config = JSON.parse(find("#config").textContent);
  #sheet = new Sheet();
  #canvas = find("[data-pad]");
  #taste = new Taste(this.#canvas);
  #pad = new Pad(this.#canvas, this.#sheet, this.#taste);
  #keyboardPen = new KeyboardPen(this.#canvas, find("[data-cursor]"), this.#pad);
  #api = new Client({ root: this.#config.api, attempts: 1 }); // whoever asks decides when to ask again
  #asker = new Asker(this.#api);
  #recognizers = new Recognizers(find("[data-recognizers]"), this.#config);
  #prompt = new Prompt(find("#prompt"), this.#recognizer);
  #picker = new Picker(find("[data-picker]"));
  #guesses = new Guesses(find("[data-panel]"), this.#picker);
  #elsewhere = new Elsewhere(find("[data-elsewhere]"), this.#recognizers);
  #because = find("[data-because]") && new Because(find("[data-panel]"), new Thumbnails(this.#api)); // not for strangers
  #announcer = new Announcer(find("[data-announcer]"));
  #postman = new Postman(this.#api, new Outbox(this.#config.user));
  #keeping = new Keeping({ user: this.#config.user, recognizer: this.#config.recognizer, sheet: this.#sheet, postman: this.#postman });
  #pictures = new Pictures(find("[data-sheet]"), document.querySelectorAll("[data-picture-input]"));
  #problem = new Problem(find("[data-problem]"));
  #glimpse = new Glimpse(find("[data-glimpse]"), () => this.#pad.strokes, () => this.#recognizer.raster);
  #tools = new Tools(find("[data-tools]"), this.#taste);
  #shortcuts = new Shortcuts(this.#keys(), find("[data-single-keys]"));
  #answered = null; // the label that was said about what is on the sheet

  connect() {
    this.#listen();
    for (const part of [this.#pad, this.#keyboardPen, this.#guesses, this.#picker, this.#pictures, this.#glimpse]) part.connect();
    for (const part of [this.#tools, this.#recognizers]) part.connect();
    this.#use();
    this.#keeping.connect();
    this.#shortcuts.connect();
    if (this.#config.user) this.#postman.connect();
    this.#showOutbox();
    if (!this.#keeping.restore()) this.#showSheet();
    find("[data-draw]").dataset.ready = "";
  }

  #listen() {
    const on = (target, type, action) => target.addEventListener(type, (event) => action.call(this, event.detail, event));
    on(this.#sheet, "change", this.#sheetChanged);
    on(this.#pad, "begin", this.#penDown);
    on(this.#pad, "progress", this.#inkGrows);
    on(this.#pad, "full", () => this.#problem.show(text("sheetFull")));
    on(this.#keyboardPen, "pen", () => this.#announcer.now(text(this.#keyboardPen.isDown ? "penDown" : "penUp")));
    on(this.#keyboardPen, "moved", () => this.#announcer.say(() => this.#whereIsTheCursor()));
    on(this.#asker, "answer", this.#answer);
    on(this.#asker, "problem", this.#unanswered);
    on(this.#asker, "pause", (seconds) => seconds > 3 && this.#problem.show(text("pause")));
    on(this.#guesses, "say", this.#say);
    on(this.#recognizers, "switch", this.#switched);
    on(this.#pictures, "picture", this.#place);
    on(this.#pictures, "refused", (why) => this.#problem.show(text(why)));
    on(this.#postman, "change", this.#showOutbox);
    on(window, "online", () => this.#ask());
    on(document, "click", (_, event) => this.#act(event.target.closest("[data-do]")?.dataset.do));
  }

  // --- What a person does ---

  #keys() {
    const act = (name) => () => this.#act(name);
    return {
      digit: (key) => this.#say(this.#labelOfKey(key)),
      "/": () => this.#picker.focus(),
      r: (event) => !this.#pad.isDrawing && this.#recognizers.step(event.shiftKey ? -1 : 1),
      e: act("elsewhere"),
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
      shuffle: () => this.#prompt.shuffle(),
      elsewhere: () => this.#elsewhere.take(),
      help: () => find("[data-help]").showModal(),
      closeHelp: () => find("[data-help]").close(),
    };
    if (name && !this.#pad.isDrawing) actions[name]();
  }

  /** A number key names the label that looks like it, else the guess in that place. */
  #labelOfKey(key) {
    const { labels } = this.#recognizer;
    return labels.find(({ slug }) => slug === key)?.slug ?? this.#guesses.inPlace(Number(key));
  }

  #penDown() {
    if (this.#answered) this.#next();
    this.#problem.settle({ retryable: false });
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
    this.#prompt.shuffle();
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

  // --- Which recognizer ---

  get #recognizer() {
    return this.#recognizers.current;
  }

  #use() {
    const { labels, memory, raster } = this.#recognizer;
    this.#guesses.use(this.#recognizer);
    this.#because?.makeRoom(memory.holds);
    find("[data-draw]").toggleAttribute("data-digits", labels.some(({ slug }) => /^\d$/.test(slug)));
    for (const line of document.querySelectorAll("[data-memory-on]")) line.hidden = !memory?.on;
    for (const part of document.querySelectorAll("[data-size]")) part.textContent = raster.size;
  }

  /** What is on the sheet stays, unless it was answered: then it is a drawing of the recognizer before. */
  #switched() {
    if (this.#answered) this.#next();
    this.#asker.forget();
    this.#keeping.use(this.#recognizer.slug);
    this.#prompt.use(this.#recognizer);
    this.#use();
    this.#showEmpty();
    this.#showSheet();
    this.#ask();
    this.#announcer.now(text("switched", { name: this.#recognizer.name }));
  }

  // --- What is on the sheet ---

  #sheetChanged({ how }) {
    if (how !== "stroke") {
      this.#asker.forget(); // a stroke only adds: the answer on its way is still about this sheet
      this.#problem.settle();
    }
    this.#showSheet();
    this.#ask();
  }

  #showSheet() {
    const { picture, isBlank } = this.#sheet;
    this.#pictures.show(picture);
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
    this.#elsewhere.clear();
  }

  #showTools() {
    const { canUndo, canRedo, isBlank } = this.#sheet;
    const answered = this.#answered !== null;
    this.#tools.enable({ undo: canUndo || answered, redo: canRedo && !answered, clear: !isBlank });
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
    const whom = { recognizer: this.#recognizer.slug, ...(this.#recognizers.areMany && { elsewhere: true }) };
    if (this.#sheet.picture) return { ...whom, image: this.#sheet.picture };
    return { ...whom, ink: this.#pad.strokes.map((stroke) => stroke.toWire()) };
  }

  #answer(answer) {
    this.#problem.settle({ retryable: true });
    const settled = !this.#pad.isDrawing && !this.#asker.hasMore;
    this.#guesses.showAnswer(answer);
    this.#because?.show(answer, { settled });
    this.#elsewhere.show(answer, { settled });
    this.#announcer.say(() => this.#sentence());
  }

  /** What a screen reader says; with what the model alone says only where memory changed it. */
  #sentence() {
    const answer = this.#guesses.sentence({ spoken: true });
    return [this.#because?.spoken(answer) ?? answer, this.#elsewhere.sentence].filter(Boolean).join(". ");
  }

  #unanswered(error) {
    if (error.code === "empty_ink" || error.code === "blank_image") {
      this.#guesses.showNothing();
      this.#because?.clear();
      this.#elsewhere.clear();
      return this.#announcer.say(text("nothing"));
    }
    const refused = error.status >= 400 && error.status < 500;
    if (refused && this.#sheet.picture) this.#sheet.withdraw();
    this.#problem.show(whyNot(error), { retry: !refused });
  }

  // --- What a person says ---

  #say(slug) {
    const label = this.#guesses.label(slug);
    if (!label || this.#sheet.isBlank || this.#pad.isDrawing) return;
    this.#answered = slug;
    this.#asker.forget();
    this.#problem.settle();
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
    if (name === "kept" && this.#recognizer.memory.on) this.#because.makeRoom();
    const line = find(`[data-fate="${name}"]`);
    this.#announcer.now(`${headline} ${line.textContent.replace(/\s+/g, " ").trim()}`);
  }

  #takeBack() {
    if (!this.#answered) return;
    this.#answered = null;
    if (this.#config.user) this.#keeping.takeBack().catch(() => this.#problem.show(text("notTakenBack")));
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

function fateOf({ queued }) {
  if (!queued) return "kept";
  return queued.needsSignIn ? "signedOut" : "queued";
}

new DrawPage().connect();
