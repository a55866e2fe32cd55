// The draw page: wires the sheet, the pen, the model's answers and what becomes of a drawing.

import { Announcer } from "../shared/announcer.js";
import { AskedInstead } from "./asked_instead.js";
import { BackOnline } from "../offline/back_online.js";
import { canStore } from "../shared/database.js";
import { Choices } from "./choices.js";
import { CleanShape } from "./clean_shape.js";
import { Client, NONE_OF_THESE } from "../api.js";
import { Connection } from "./connection.js";
import { CopyCodes } from "./copy_codes.js";
import { Device } from "../model/device.js";
import { Predictor } from "./predictor.js";
import { LookAlikes } from "./look_alikes.js";
import { MemoryHere } from "../offline/memory_here.js";
import { MemoryReasons } from "./memory_reasons.js";
import { OtherRecognizer } from "./other_recognizer.js";
import { RasterPreview } from "./raster_preview.js";
import { Guesses } from "./guesses.js";
import { SameShape } from "./same_shape.js";
import { Sheet } from "./ink.js";
import { DraftStore } from "./draft_store.js";
import { KeyboardPen } from "./keyboard_pen.js";
import { Pad } from "./pad.js";
import { pageConfig } from "../offline/page_config.js";
import { LabelLists } from "../shared/label_lists.js";
import { LabelPicker } from "./label_picker.js";
import { Pictures } from "./pictures.js";
import { Problem } from "../shared/problem.js";
import { Prompt } from "./prompt.js";
import { Outbox } from "./outbox.js";
import { Outcome } from "./outcome.js";
import { Recognition } from "./recognition.js";
import { ANY, Recognizers } from "./recognizers.js";
import { areSeveral } from "./several_symbols.js";
import { Service } from "../offline/service.js";
import { takeSharedPicture } from "../offline/shared_picture.js";
import { Shortcuts } from "../shared/shortcuts.js";
import { inTab, isBlocked, onDevice, recall, remember } from "../shared/storage.js";
import { PenSettings } from "./pen_settings.js";
import { integer, percent, reasonOf, text, wordOf } from "../shared/texts.js";
import { Thumbnails } from "../shared/thumbnails.js";
import { Tools } from "./tools.js";
import { Uploader } from "./uploader.js";

const EXPLAINED = "inkling.explained"; // whether this person knows what to do with an answer
const SHAPES = "shapes"; // the recognizer whose labels have figures
const LABELS_MS = 3000;
const ANSWER_S = 8; // a question that was not answered so soon is asked again

const find = (selector) => document.querySelector(selector);

class DrawPage {
  #config = pageConfig(JSON.parse(find("#config").textContent));
  #sheet = new Sheet();
  #canvas = find("[data-pad]");
  #pen = new PenSettings(this.#canvas);
  #pad = new Pad(this.#canvas, this.#sheet, this.#pen);
  #keyboardPen = new KeyboardPen(this.#canvas, find("[data-cursor]"), this.#pad);
  #memoryHere = new MemoryHere(this.#config);
  #device = new Device({ root: this.#config.api, ...this.#config });
  #api = this.#client(); // whoever asks decides when to ask again
  #recognizers = new Recognizers(find("[data-recognizers]"), this.#config);
  #predictor = new Recognition({
    server: new Predictor(this.#client({ timeout: ANSWER_S })),
    device: this.#device,
    memory: this.#memoryHere,
    recognizers: this.#recognizers,
    signedIn: Boolean(this.#config.user),
  });
  #lists = new LabelLists(Object.fromEntries(this.#config.recognizers.map(({ slug, labels }) => [slug, labels])));
  #prompt = new Prompt(find("#prompt"), this.#recognizer, this.#lists);
  #askedInstead = new AskedInstead(find("[data-asked-instead]"), this.#prompt);
  #picker = new LabelPicker(find("[data-picker]"));
  #guesses = new Guesses(find("[data-panel]"), this.#picker);
  #choices = new Choices(find("[data-draw]"));
  #otherRecognizer = new OtherRecognizer(find("[data-other-recognizer]"), this.#recognizers, this.#lists);
  #lookAlikes = new LookAlikes(find("[data-look-alikes]"), { recognizers: this.#recognizers, lists: this.#lists, sameShape: this.#config.sameShape });
  #sameShape = new SameShape(find("[data-same-shape]"), this.#recognizers, this.#config.sameShape);
  #memoryReasons = find("[data-memory-reasons]") && new MemoryReasons(find("[data-panel]"), new Thumbnails(this.#api)); // not for strangers
  #announcer = new Announcer(find("[data-announcer]"));
  #copyCodes = new CopyCodes(find("[data-panel]"), this.#guesses, this.#announcer);
  #uploader = new Uploader(this.#api, new Outbox(this.#config.user, this.#config.userNumber));
  #drafts = new DraftStore({ ...this.#config, sheet: this.#sheet, uploader: this.#uploader, answeredHere: () => this.#guesses.versionHere });
  #connection = new Connection(find("[data-connection]"), { predictor: this.#predictor, uploader: this.#uploader, signedIn: Boolean(this.#config.user) });
  #pictures = new Pictures(find("[data-sheet]"), document.querySelectorAll("[data-picture-input]"));
  #problem = new Problem(find("[data-problem]"));
  #outcome = new Outcome(find("[data-panel]"), { announcer: this.#announcer, drafts: this.#drafts, problem: this.#problem, uploader: this.#uploader });
  #rasterPreview = new RasterPreview(find("[data-raster-preview]"), () => this.#pad.strokes, () => this.#recognizer.raster);
  #cleanShape = new CleanShape(find("[data-clean-shape]"), { api: this.#api, content: () => ({ recognizer: this.#recognizer.slug, ...this.#ink() }), announcer: this.#announcer });
  #tools = new Tools(find("[data-tools]"), this.#pen);
  #shortcuts = new Shortcuts(this.#keys(), find("[data-single-keys]"));
  #service = new Service(this.#config, this.#recognizers);
  #backOnline = new BackOnline(this.#config, this.#sheet, () => this.#sheet.isBlank && !this.#pad.isDrawing);
  #label = null; // the label that was said about what is on the sheet

  connect() {
    this.#listen();
    for (const part of [this.#pad, this.#keyboardPen, this.#guesses, this.#picker, this.#choices, this.#pictures, this.#rasterPreview, this.#cleanShape, this.#copyCodes]) part.connect();
    for (const part of [this.#tools, this.#recognizers, this.#predictor, this.#connection, this.#outcome]) part.connect();
    this.#useRecognizer();
    if (this.#config.neutral || this.#recognizers.isAny) this.#usePrompt();
    this.#drafts.connect();
    this.#shortcuts.connect();
    if (this.#config.user) this.#uploader.connect();
    if (!this.#drafts.restore()) this.#showSheet();
    find("[data-explanation]").hidden = Boolean(recall(onDevice, EXPLAINED));
    this.#warnIfNothingIsStored();
    this.#service.connect();
    this.#backOnline.connect();
    takeSharedPicture().then((picture) => picture && this.#pictures.take(picture, { isShared: true }));
    find("[data-draw]").dataset.started = ""; // static/js/shared/old_browsers.js
    this.#setReady();
  }

  /** With the labels; without a connection they may not come. */
  async #setReady() {
    await Promise.race([this.#lists.load(this.#recognizer.slug), new Promise((resolve) => setTimeout(resolve, LABELS_MS))]);
    find("[data-draw]").dataset.ready = "";
  }

  async #warnIfNothingIsStored() {
    const blocked = isBlocked(onDevice) || isBlocked(inTab) || (this.#config.user && !(await canStore()));
    if (blocked) this.#problem.show(text("nothingStored"));
  }

  #client(options) {
    const { api, actingFor } = this.#config;
    return new Client({ root: api, actingFor, attempts: 1, onLiveVersions: (versions) => this.#device.note(versions), ...options });
  }

  #listen() {
    const on = (target, type, action) => target.addEventListener(type, (event) => action.call(this, event.detail, event));
    on(this.#sheet, "change", this.#sheetChanged);
    on(this.#pad, "begin", this.#penDown);
    on(this.#pad, "progress", this.#penMoved);
    on(this.#pad, "renew", this.#next);
    on(this.#pad, "drop", () => (this.#label ? this.#showAnswered() : this.#sheetChanged({ how: "drop" })));
    on(this.#pad, "full", () => this.#problem.show(text("tooManyPoints")));
    on(this.#keyboardPen, "pen", () => this.#announcer.now(text(this.#keyboardPen.isDown ? "penDown" : "penUp")));
    on(this.#keyboardPen, "moved", () => this.#announcer.say(() => this.#cursorPosition()));
    on(this.#predictor, "answer", this.#showAnswer);
    on(this.#predictor, "problem", this.#showProblem);
    on(this.#predictor, "trouble", this.#showAway);
    on(this.#device, "ready", this.#showVersion);
    on(this.#device, "refused", ({ version }) => this.#problem.show(text("versionRefused", { version })));
    on(this.#guesses, "label", this.#setLabel);
    on(this.#lists, "labels", (slug) => slug === this.#recognizer.slug && this.#useLabels());
    on(this.#recognizers, "switch", this.#switched);
    on(this.#recognizers, "follow", this.#followed);
    on(this.#lookAlikes, "choose", this.#chooseLookAlike);
    on(this.#pictures, "picture", this.#showPicture);
    on(this.#pictures, "refused", (why) => this.#problem.show(text(why)));
    on(this.#backOnline, "online", () => this.#connection.retry());
    on(this.#outcome, "saved", this.#labelSaved);
    on(this.#uploader, "delivered", ({ recognizer }) => this.#memoryHere.saved(recognizer ?? this.#recognizer.slug));
    on(document, "click", (_, event) => this.#act(event.target.closest("[data-do]")?.dataset.do, event));
  }

  // --- What a person does ---

  #keys() {
    const act = (name) => () => this.#act(name);
    return {
      digit: (key) => this.#setLabel(this.#labelForKey(key)),
      "/": () => {
        this.#choices.open();
        this.#picker.focus();
      },
      r: (event) => !this.#pad.isDrawing && this.#recognizers.step(event.shiftKey ? -1 : 1),
      e: act("switchRecognizer"),
      "-": () => this.#setLabel(NONE_OF_THESE),
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
      c: act("copy"),
      "[": () => this.#pen.thinner(),
      "]": () => this.#pen.thicker(),
      "?": act("help"),
    };
  }

  #act(name, event) {
    const actions = {
      undo: () => (this.#label ? this.#removeLabel() : this.#sheet.undo()),
      redo: () => this.#label || this.#sheet.redo(),
      clear: () => (this.#label ? this.#startNext() : this.#clear()),
      next: () => this.#label && !(event?.detail > 1) && this.#startNext(), // a double click on what was there before
      confirm: () => this.#guesses.first && this.#setLabel(this.#guesses.first.label),
      removeLabel: () => this.#removeLabel(),
      retry: () => this.#connection.retry(),
      reload: () => location.reload(),
      shuffle: () => this.#shuffle(),
      switchRecognizer: () => this.#otherRecognizer.choose(),
      copy: () => this.#copyCodes.copy(),
      help: () => find("[data-help]").showModal(),
      closeProblem: () => this.#problem.settle(),
      closeHelp: () => find("[data-help]").close(),
    };
    if (name && !this.#pad.isDrawing) actions[name]();
  }

  #shuffle() {
    this.#prompt.shuffle();
    this.#askedInstead.clear();
  }

  /** A number key names the label that looks like it, else the guess in that place. */
  #labelForKey(key) {
    return this.#lists.get(this.#recognizer.slug).find(key)?.slug ?? this.#guesses.labelAt(Number(key));
  }

  /** On an answered sheet the stroke starts a new drawing, as soon as the pad is sure that it is no pinch ("renew"). */
  #penDown() {
    this.#backOnline.stay();
    find("[data-sheet]").dataset.answered = "";
    this.#problem.settle();
    this.#askedInstead.clear();
  }

  #penMoved() {
    if (!this.#sheet.strokes.length && !this.#label) this.#showUnanswered();
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
    this.#forgetLabel();
    this.#sheet.renew();
    this.#announcer.now(text("newDrawing"));
  }

  #forgetLabel() {
    this.#label = null;
    this.#pad.isAnswered = false;
    this.#outcome.forget();
  }

  #hasFocus(part) {
    return find(part).contains(document.activeElement);
  }

  #showPicture(picture) {
    this.#forgetLabel();
    this.#sheet.place(picture); // saves what was there before, with the answer on display
    this.#showEmpty();
    this.#showUnanswered();
  }

  // --- Which recognizer ---

  get #recognizer() {
    return this.#recognizers.current;
  }

  #useRecognizer() {
    const { slug, memory, raster, unsureBelow } = this.#recognizer;
    this.#guesses.use(this.#lists.get(slug), slug);
    this.#useLabels();
    this.#lists.load(slug);
    this.#memoryReasons?.setVisible(Boolean(memory?.holds));
    for (const line of document.querySelectorAll("[data-memory-on]")) line.hidden = !memory?.on;
    for (const part of document.querySelectorAll("[data-size]")) part.textContent = integer(raster.size);
    find("[data-unsure-below]").textContent = percent(unsureBelow);
    for (const link of document.querySelectorAll("[data-reading-link]")) link.href = this.#recognizer.reading;
    this.#showVersion();
  }

  /** The labels of the recognizer: none until they have arrived. */
  #useLabels() {
    const { slug } = this.#recognizer;
    const list = this.#lists.get(slug);
    this.#guesses.setLabels(list, slug);
    find("[data-draw]").toggleAttribute("data-digits", list.labels.some((label) => /^\d$/.test(label.slug)));
  }

  /** Which version answers on this device, for tests and for people who look. */
  #showVersion() {
    const version = this.#device.version(this.#recognizer.slug);
    if (version) find("[data-draw]").dataset.modelVersion = version;
    else delete find("[data-draw]").dataset.modelVersion;
  }

  #usePrompt() {
    find("[data-do=shuffle]").hidden = this.#recognizers.isAny;
    if (this.#recognizers.isAny) this.#prompt.useNone();
    else this.#prompt.use(this.#recognizer);
  }

  /** All recognizers were asked, and another one answers: what is said about the drawing is about its labels. */
  #followed() {
    this.#drafts.use(this.#recognizer.slug);
    this.#useRecognizer();
  }

  async #chooseLookAlike({ recognizer, label }) {
    await this.#lists.load(recognizer);
    this.#recognizers.follow(recognizer);
    this.#setLabel(label);
  }

  /** What is on the sheet stays, unless it was answered: then it is a drawing of the recognizer before. */
  #switched() {
    if (this.#label) this.#next();
    this.#predictor.cancel();
    this.#problem.settle();
    this.#drafts.use(this.#recognizer.slug);
    this.#usePrompt();
    this.#useRecognizer();
    this.#showEmpty();
    this.#showSheet();
    this.#ask();
    this.#announcer.now(this.#recognizers.isAny ? text("askingAll") : text("switched", { name: this.#recognizer.name }));
  }

  // --- What is on the sheet ---

  #sheetChanged({ how }) {
    this.#askedInstead.clear();
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
    this.#showAnswered();
    if (isBlank) this.#showEmpty();
    else this.#showUnanswered();
    this.#rasterPreview.showPicture(null);
    this.#showTools();
  }

  #showAnswered() {
    find("[data-sheet]").dataset.answered = this.#label ?? "";
  }

  /** The answer on display stays until the next one. */
  #showUnanswered() {
    if (this.#guesses.answer) return;
    if (this.#predictor.isAway) this.#guesses.showAway();
    else this.#guesses.showWaiting();
  }

  #showEmpty() {
    this.#guesses.showEmpty();
    this.#memoryReasons?.clear();
    this.#otherRecognizer.clear();
    this.#cleanShape.clear();
    this.#sameShape.clear();
    this.#askedInstead.clear();
    this.#lookAlikes.clear();
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
    this.#predictor.ask(() => this.#content(), { isDrawing: this.#pad.isDrawing });
  }

  #content() {
    const { areMany, isAny } = this.#recognizers;
    const whom = isAny ? { recognizer: ANY } : { recognizer: this.#recognizer.slug, ...(areMany && { elsewhere: true }) };
    if (this.#sheet.picture) return { ...whom, image: this.#sheet.picture, include: "raster" };
    return { ...whom, ...this.#ink() };
  }

  #ink() {
    return { ink: this.#pad.strokes.map((stroke) => stroke.toWire()) };
  }

  #showAnswer(answer) {
    const settled = !this.#pad.isDrawing && !this.#predictor.hasMore;
    this.#recognizers.follow(answer.recognizer);
    this.#guesses.showAnswer(answer);
    this.#lookAlikes.show(answer);
    if (answer.raster) this.#rasterPreview.showPicture(answer.raster);
    this.#memoryReasons?.show(answer, { settled });
    this.#cleanShape.show({ isShape: this.#recognizer.slug === SHAPES && !answer.unsure && !this.#sheet.picture });
    const several = settled && this.#areSeveralDigits();
    find("[data-several]").hidden = !several;
    this.#otherRecognizer.show(several ? {} : answer, { settled });
    this.#sameShape.show(settled && !several && !answer.unsure ? answer.guesses[0].label : null);
    if (several || this.#sheet.picture || this.#recognizers.isAny) this.#askedInstead.clear();
    else this.#askedInstead.show(answer, this.#lists.get(this.#recognizer.slug).labels, { settled });
    this.#announcer.say(() => this.#sentence());
  }

  #areSeveralDigits() {
    const { labels } = this.#lists.get(this.#recognizer.slug);
    return labels.length > 0 && labels.every(({ slug }) => /^\d$/.test(slug)) && areSeveral(this.#pad.strokes.map((stroke) => stroke.toWire()));
  }

  /** What a screen reader says; with what the model alone says only where memory changed it. */
  #sentence() {
    const answer = this.#guesses.sentence({ spoken: true });
    const several = find("[data-several]");
    const hint = several.hidden ? "" : several.textContent;
    return [this.#memoryReasons?.spoken(answer) ?? answer, hint, this.#askedInstead.sentence, this.#otherRecognizer.sentence, this.#sameShape.sentence].filter(Boolean).join(". ");
  }

  #showProblem(error) {
    if (error.code === "blank_image") return this.#showBlank();
    if (this.#sheet.picture) this.#sheet.withdraw();
    this.#problem.show(reasonOf(error));
  }

  /** There is no ink in the picture: it can be neither recognized nor saved. */
  #showBlank() {
    this.#showEmpty();
    this.#guesses.showBlank();
    this.#announcer.say(text("blankPicture"));
  }

  /** No answer for now: the label can be chosen without. A single failure need not replace the answer on display. */
  #showAway({ error, failures }) {
    const isFirst = error.isPassing && failures === 1;
    if (this.#label || this.#sheet.isBlank || !this.#predictor.isAway || (this.#guesses.answer && isFirst)) return;
    this.#guesses.showAway();
    this.#memoryReasons?.clear();
    this.#otherRecognizer.clear();
    this.#lookAlikes.clear();
    if (this.#recognizers.isAny) this.#problem.show(text("anyNeedsServer"));
    this.#sameShape.clear();
  }

  // --- What a person says ---

  #setLabel(slug) {
    const label = this.#guesses.label(slug);
    if (label && slug !== NONE_OF_THESE && this.#sheet.isBlank && !this.#pad.isDrawing) return this.#showFound(label);
    if (!label || this.#sheet.isBlank || this.#guesses.isBlank || this.#pad.isDrawing) return;
    if (!this.#label) this.#shuffle(); // it asks for the next drawing
    this.#label = slug;
    this.#pad.isAnswered = true;
    this.#hideExplanation();
    this.#predictor.cancel();
    this.#problem.settle();
    const agrees = this.#guesses.first?.label === slug;
    const headline = slug === NONE_OF_THESE ? text("markedNone") : text(agrees ? "confirmed" : "corrected", { name: wordOf(label.name) });
    this.#guesses.showThanks(label, headline);
    this.#showTools();
    this.#showAnswered();
    if (this.#hasFocus("[data-panel]")) find("[data-panel] [data-do=next]").focus({ preventScroll: true });
    if (this.#config.user) this.#save(slug, headline);
    else this.#outcome.tell("anonymous", headline);
  }

  /** Without a drawing a label is looked up, to copy its codes. */
  #showFound(label) {
    if (!Object.keys(label.codes).length) return;
    this.#guesses.showFound(label);
    this.#announcer.now(wordOf(label.name));
  }

  #hideExplanation() {
    remember(onDevice, EXPLAINED, true);
    find("[data-explanation]").hidden = true;
  }

  #save(slug, headline) {
    this.#memoryHere.remember(this.#recognizer.slug, this.#drafts.id, slug, this.#guesses.answer);
    this.#outcome.save(slug, headline);
  }

  #labelSaved() {
    this.#memoryHere.saved(this.#recognizer.slug);
    if (this.#recognizer.memory?.on) this.#memoryReasons.setVisible();
  }

  #removeLabel() {
    if (!this.#label) return;
    this.#forgetLabel();
    this.#memoryHere.forget(this.#recognizer.slug, this.#drafts.id);
    if (this.#config.user) this.#drafts.removeLabel().catch(() => this.#problem.show(text("labelNotRemoved")));
    this.#showAnswered();
    if (this.#guesses.answer) this.#guesses.showAnswer(this.#guesses.answer);
    else {
      this.#showUnanswered(); // the label came before the answer
      this.#ask();
    }
    this.#showTools();
    this.#announcer.now(text("labelRemoved"));
  }
}

new DrawPage().connect();
