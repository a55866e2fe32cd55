// The draw page: wires the sheet, the pen, the model's answers and what becomes of a drawing.

import { Announcer } from "../shared/announcer.js";
import { Client } from "../api.js";
import { Predictor } from "./predictor.js";
import { MemoryReasons } from "./memory_reasons.js";
import { OtherRecognizer } from "./other_recognizer.js";
import { RasterPreview } from "./raster_preview.js";
import { Guesses } from "./guesses.js";
import { Sheet } from "./ink.js";
import { DraftStore } from "./draft_store.js";
import { KeyboardPen } from "./keyboard_pen.js";
import { Pad } from "./pad.js";
import { LabelPicker } from "./label_picker.js";
import { Pictures } from "./pictures.js";
import { Problem, errorText } from "../shared/problem.js";
import { Prompt } from "./prompt.js";
import { Outbox, Uploader } from "./outbox.js";
import { Recognizers } from "./recognizers.js";
import { Shortcuts } from "../shared/shortcuts.js";
import { inTab, isBlocked, onDevice } from "../shared/storage.js";
import { PenSettings } from "./pen_settings.js";
import { percent, text } from "../shared/texts.js";
import { Thumbnails } from "../shared/thumbnails.js";
import { Tools } from "./tools.js";

const find = (selector) => document.querySelector(selector);

class DrawPage {
  #config = JSON.parse(find("#config").textContent);
  #sheet = new Sheet();
  #canvas = find("[data-pad]");
  #pen = new PenSettings(this.#canvas);
  #pad = new Pad(this.#canvas, this.#sheet, this.#pen);
  #keyboardPen = new KeyboardPen(this.#canvas, find("[data-cursor]"), this.#pad);
  #api = new Client({ root: this.#config.api, attempts: 1 }); // whoever asks decides when to ask again
  #predictor = new Predictor(this.#api);
  #recognizers = new Recognizers(find("[data-recognizers]"), this.#config);
  #prompt = new Prompt(find("#prompt"), this.#recognizer);
  #picker = new LabelPicker(find("[data-picker]"));
  #guesses = new Guesses(find("[data-panel]"), this.#picker);
  #otherRecognizer = new OtherRecognizer(find("[data-other-recognizer]"), this.#recognizers);
  #memoryReasons = find("[data-memory-reasons]") && new MemoryReasons(find("[data-panel]"), new Thumbnails(this.#api)); // not for strangers
  #announcer = new Announcer(find("[data-announcer]"));
  #uploader = new Uploader(this.#api, new Outbox(this.#config.user));
  #drafts = new DraftStore({ user: this.#config.user, recognizer: this.#config.recognizer, sheet: this.#sheet, uploader: this.#uploader });
  #pictures = new Pictures(find("[data-sheet]"), document.querySelectorAll("[data-picture-input]"));
  #problem = new Problem(find("[data-problem]"));
  #rasterPreview = new RasterPreview(find("[data-raster-preview]"), () => this.#pad.strokes, () => this.#recognizer.raster);
  #tools = new Tools(find("[data-tools]"), this.#pen);
  #shortcuts = new Shortcuts(this.#keys(), find("[data-single-keys]"));
  #label = null; // the label that was said about what is on the sheet

  connect() {
    this.#listen();
    for (const part of [this.#pad, this.#keyboardPen, this.#guesses, this.#picker, this.#pictures, this.#rasterPreview]) part.connect();
    for (const part of [this.#tools, this.#recognizers]) part.connect();
    this.#useRecognizer();
    this.#drafts.connect();
    this.#shortcuts.connect();
    if (this.#config.user) this.#uploader.connect();
    this.#showOutbox();
    if (!this.#drafts.restore()) this.#showSheet();
    if (isBlocked(onDevice) || isBlocked(inTab)) this.#problem.show(text("nothingStored"));
    find("[data-draw]").dataset.ready = "";
  }

  #listen() {
    const on = (target, type, action) => target.addEventListener(type, (event) => action.call(this, event.detail, event));
    on(this.#sheet, "change", this.#sheetChanged);
    on(this.#pad, "begin", this.#penDown);
    on(this.#pad, "progress", this.#penMoved);
    on(this.#pad, "full", () => this.#problem.show(text("tooManyPoints")));
    on(this.#keyboardPen, "pen", () => this.#announcer.now(text(this.#keyboardPen.isDown ? "penDown" : "penUp")));
    on(this.#keyboardPen, "moved", () => this.#announcer.say(() => this.#cursorPosition()));
    on(this.#predictor, "answer", this.#showAnswer);
    on(this.#predictor, "problem", this.#showProblem);
    on(this.#predictor, "pause", (seconds) => seconds > 3 && this.#problem.show(text("tooManyRequests")));
    on(this.#guesses, "label", this.#setLabel);
    on(this.#recognizers, "switch", this.#switched);
    on(this.#pictures, "picture", this.#showPicture);
    on(this.#pictures, "refused", (why) => this.#problem.show(text(why)));
    on(this.#uploader, "change", this.#showOutbox);
    on(window, "online", () => this.#ask());
    on(document, "click", (_, event) => this.#act(event.target.closest("[data-do]")?.dataset.do));
  }

  // --- What a person does ---

  #keys() {
    const act = (name) => () => this.#act(name);
    return {
      digit: (key) => this.#setLabel(this.#labelForKey(key)),
      "/": () => this.#picker.focus(),
      r: (event) => !this.#pad.isDrawing && this.#recognizers.step(event.shiftKey ? -1 : 1),
      e: act("switchRecognizer"),
      enter: () => (this.#label ? this.#act("next") : this.#act("confirm")),
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
      "[": () => this.#pen.thinner(),
      "]": () => this.#pen.thicker(),
      "?": act("help"),
    };
  }

  #act(name) {
    const actions = {
      undo: () => (this.#label ? this.#removeLabel() : this.#sheet.undo()),
      redo: () => this.#label || this.#sheet.redo(),
      clear: () => (this.#label ? this.#startNext() : this.#clear()),
      next: () => this.#label && this.#startNext(),
      confirm: () => this.#guesses.first && this.#setLabel(this.#guesses.first.label),
      removeLabel: () => this.#removeLabel(),
      retry: () => this.#ask(),
      shuffle: () => this.#prompt.shuffle(),
      switchRecognizer: () => this.#otherRecognizer.choose(),
      help: () => find("[data-help]").showModal(),
      closeHelp: () => find("[data-help]").close(),
    };
    if (name && !this.#pad.isDrawing) actions[name]();
  }

  /** A number key names the label that looks like it, else the guess in that place. */
  #labelForKey(key) {
    const { labels } = this.#recognizer;
    return labels.find(({ slug }) => slug === key)?.slug ?? this.#guesses.labelAt(Number(key));
  }

  #penDown() {
    if (this.#label) this.#next();
    this.#problem.settle({ retryable: false });
  }

  #penMoved() {
    if (!this.#sheet.strokes.length) this.#guesses.showWaiting();
    this.#ask();
    this.#rasterPreview.update();
  }

  #clear() {
    if (this.#sheet.isBlank) return;
    this.#sheet.clear();
    this.#announcer.now(text("cleared"));
  }

  /** A new sheet for somebody who may have scrolled down to answer. */
  #startNext() {
    if (this.#hasFocus("[data-panel]")) this.#canvas.focus({ preventScroll: true });
    find("[data-sheet]").scrollIntoView({ block: "nearest" });
    this.#next();
  }

  #next() {
    this.#label = null;
    this.#sheet.renew();
    this.#showOutbox();
    this.#prompt.shuffle();
    this.#announcer.now(text("newDrawing"));
  }

  #hasFocus(part) {
    return find(part).contains(document.activeElement);
  }

  #showPicture(picture) {
    this.#label = null;
    this.#showEmpty();
    this.#sheet.place(picture);
  }

  // --- Which recognizer ---

  get #recognizer() {
    return this.#recognizers.current;
  }

  #useRecognizer() {
    const { labels, memory, raster } = this.#recognizer;
    this.#guesses.use(this.#recognizer);
    this.#memoryReasons?.setVisible(memory.holds);
    find("[data-draw]").toggleAttribute("data-digits", labels.some(({ slug }) => /^\d$/.test(slug)));
    for (const line of document.querySelectorAll("[data-memory-on]")) line.hidden = !memory?.on;
    for (const part of document.querySelectorAll("[data-size]")) part.textContent = raster.size;
  }

  /** What is on the sheet stays, unless it was answered: then it is a drawing of the recognizer before. */
  #switched() {
    if (this.#label) this.#next();
    this.#predictor.cancel();
    this.#drafts.use(this.#recognizer.slug);
    this.#prompt.use(this.#recognizer);
    this.#useRecognizer();
    this.#showEmpty();
    this.#showSheet();
    this.#ask();
    this.#announcer.now(text("switched", { name: this.#recognizer.name }));
  }

  // --- What is on the sheet ---

  #sheetChanged({ how }) {
    if (how !== "stroke") {
      this.#predictor.cancel(); // a stroke only adds: the answer on its way is still about this sheet
      this.#problem.settle();
    }
    this.#showSheet();
    this.#ask();
  }

  #showSheet() {
    const { picture, isBlank } = this.#sheet;
    this.#pictures.show(picture);
    this.#canvas.hidden = Boolean(picture);
    find("[data-sheet]").dataset.answered = this.#label ?? "";
    if (isBlank) this.#showEmpty();
    else this.#guesses.showWaiting();
    this.#rasterPreview.update();
    this.#showTools();
  }

  #showEmpty() {
    this.#guesses.showEmpty();
    this.#memoryReasons?.clear();
    this.#otherRecognizer.clear();
  }

  #showTools() {
    const { canUndo, canRedo, isBlank } = this.#sheet;
    const answered = this.#label !== null;
    this.#tools.enable({ undo: canUndo || answered, redo: canRedo && !answered, clear: !isBlank });
  }

  #cursorPosition() {
    const { across, down } = this.#keyboardPen.place;
    return text("cursor", { across: percent(across), down: percent(down) });
  }

  // --- What the model says ---

  #ask() {
    if (this.#label || (this.#sheet.isBlank && !this.#pad.isDrawing)) return;
    this.#predictor.ask(() => this.#content());
  }

  #content() {
    const whom = { recognizer: this.#recognizer.slug, ...(this.#recognizers.areMany && { elsewhere: true }) };
    if (this.#sheet.picture) return { ...whom, image: this.#sheet.picture };
    return { ...whom, ink: this.#pad.strokes.map((stroke) => stroke.toWire()) };
  }

  #showAnswer(answer) {
    this.#problem.settle({ retryable: true });
    const settled = !this.#pad.isDrawing && !this.#predictor.hasMore;
    this.#guesses.showAnswer(answer);
    this.#memoryReasons?.show(answer, { settled });
    this.#otherRecognizer.show(answer, { settled });
    this.#announcer.say(() => this.#sentence());
  }

  /** What a screen reader says; with what the model alone says only where memory changed it. */
  #sentence() {
    const answer = this.#guesses.sentence({ spoken: true });
    return [this.#memoryReasons?.spoken(answer) ?? answer, this.#otherRecognizer.sentence].filter(Boolean).join(". ");
  }

  #showProblem(error) {
    if (error.code === "empty_ink" || error.code === "blank_image") {
      this.#guesses.showNothing();
      this.#memoryReasons?.clear();
      this.#otherRecognizer.clear();
      return this.#announcer.say(text("nothing"));
    }
    const refused = error.status >= 400 && error.status < 500;
    if (refused && this.#sheet.picture) this.#sheet.withdraw();
    this.#problem.show(errorText(error), { retry: !refused });
  }

  // --- What a person says ---

  #setLabel(slug) {
    const label = this.#guesses.label(slug);
    if (!label || this.#sheet.isBlank || this.#pad.isDrawing) return;
    this.#label = slug;
    this.#predictor.cancel();
    this.#problem.settle();
    const agrees = this.#guesses.first?.label === slug;
    const headline = text(agrees ? "confirmed" : "corrected", { name: label.name });
    this.#guesses.showThanks(label, headline);
    this.#showTools();
    find("[data-sheet]").dataset.answered = slug;
    if (this.#hasFocus("[data-panel]")) find("[data-panel] [data-do=next]").focus({ preventScroll: true });
    if (this.#config.user) this.#saveLabelled(slug, headline);
    else this.#showOutcome("anonymous", headline);
  }

  async #saveLabelled(slug, headline) {
    this.#guesses.showOutcome("saving");
    const outcome = await this.#drafts.saveLabelled(slug).then(outcomeOf, (error) => (error.code === "consent_required" ? "consent" : "failed"));
    if (this.#label === slug) this.#showOutcome(outcome, headline);
  }

  #showOutcome(name, headline) {
    this.#guesses.showOutcome(name);
    if (name === "saved" && this.#recognizer.memory.on) this.#memoryReasons.setVisible();
    const line = find(`[data-outcome="${name}"]`);
    this.#announcer.now(`${headline} ${line.textContent.replace(/\s+/g, " ").trim()}`);
  }

  #removeLabel() {
    if (!this.#label) return;
    this.#label = null;
    if (this.#config.user) this.#drafts.removeLabel().catch(() => this.#problem.show(text("labelNotRemoved")));
    find("[data-sheet]").dataset.answered = "";
    if (this.#guesses.answer) this.#guesses.showAnswer(this.#guesses.answer);
    else this.#guesses.showNothing();
    this.#showTools();
    this.#announcer.now(text("labelRemoved"));
  }

  #showOutbox() {
    const waiting = this.#uploader.waiting;
    find("[data-outbox]").hidden = waiting === 0 || (waiting === 1 && this.#label !== null);
    find("[data-outbox-one]").hidden = waiting !== 1;
    find("[data-outbox-many]").hidden = waiting === 1;
    find("[data-outbox-count]").textContent = waiting;
    const queued = find("[data-outcome=queued]");
    if (!waiting && queued && !queued.hidden) this.#guesses.showOutcome("saved");
  }
}

function outcomeOf({ queued }) {
  if (!queued) return "saved";
  return queued.needsSignIn ? "signedOut" : "queued";
}

new DrawPage().connect();
