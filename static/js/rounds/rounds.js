// The page of rounds: wires the prompts, the sheet, the model's answers, the result and what is saved.

import { Announcer } from "../shared/announcer.js";
import { BackOnline } from "../offline/back_online.js";
import { Client } from "../api.js";
import { Clock } from "./clock.js";
import { Connection } from "../draw/connection.js";
import { Device } from "../model/device.js";
import { KeyboardPen } from "../draw/keyboard_pen.js";
import { MemoryHere } from "../offline/memory_here.js";
import { Outbox } from "../draw/outbox.js";
import { Pad } from "../draw/pad.js";
import { PenSettings } from "../draw/pen_settings.js";
import { Predictor } from "../draw/predictor.js";
import { Problem } from "../shared/problem.js";
import { Recognition } from "../draw/recognition.js";
import { Result } from "./result.js";
import { Round, recognises } from "./round.js";
import { Saving } from "./saving.js";
import { ScorePicture } from "./score_picture.js";
import { Service } from "../offline/service.js";
import { Sheet } from "../draw/ink.js";
import { Shortcuts } from "../shared/shortcuts.js";
import { Uploader } from "../draw/uploader.js";
import { choosePrompts, loadPrompts, readJson } from "./prompts.js";
import { named, sign } from "../shared/labels.js";
import { pageConfig } from "../offline/page_config.js";
import { pieces, reasonOf, text, wordOf } from "../shared/texts.js";

const SURE_MS = 1000; // with a clock, a recognised drawing is finished when the pen rests for so long
const ANSWER_S = 8;
const SPOKEN_SECONDS = [10, 5];

/** The recognizer of the page, as the parts of the draw page expect it. */
class OneRecognizer extends EventTarget {
  areMany = false;
  others = [];

  constructor({ recognizers, recognizer }) {
    super();
    this.current = recognizers.find(({ slug }) => slug === recognizer);
  }

  find() {
    return this.current;
  }
}

const find = (selector) => document.querySelector(selector);

class RoundsPage {
  #config = pageConfig(JSON.parse(find("#config").textContent));
  #recognizers = new OneRecognizer(this.#config);
  #part = Object.fromEntries([...document.querySelectorAll("[data-rounds] [data-part]")].map((part) => [part.dataset.part, part]));
  #sheet = new Sheet();
  #canvas = find("[data-pad]");
  #pen = new PenSettings(this.#canvas);
  #pad = new Pad(this.#canvas, this.#sheet, this.#pen);
  #keyboardPen = new KeyboardPen(this.#canvas, find("[data-cursor]"), this.#pad);
  #memoryHere = new MemoryHere(this.#config);
  #device = new Device({ root: this.#config.api, ...this.#config });
  #api = this.#client({ timeout: ANSWER_S });
  #recognition = new Recognition({
    server: new Predictor(this.#api),
    device: this.#device,
    memory: this.#memoryHere,
    recognizers: this.#recognizers,
    signedIn: false, // the model in the page is enough while somebody draws
  });
  #uploader = new Uploader(this.#client(), new Outbox(this.#config.user, this.#config.userNumber));
  #saving = this.#config.user ? new Saving(this.#uploader, this.#slug, () => this.#memoryHere.saved(this.#slug)) : null;
  #result = new Result(this.#part, this.#saving);
  #picture = new ScorePicture(this.#part.picture, find("[data-do=share]"), this.#recognizers.current);
  #clock = new Clock();
  #announcer = new Announcer(find("[data-announcer]"));
  #problem = new Problem(find("[data-problem]"));
  #connection = new Connection(find("[data-connection]"), { predictor: this.#recognition, uploader: this.#uploader, signedIn: Boolean(this.#config.user) });
  #service = new Service(this.#config, this.#recognizers);
  #backOnline = new BackOnline(this.#config, this.#sheet, () => this.#state === "begin");
  #shortcuts = new Shortcuts(this.#keys(), find("[data-single-keys]"));
  #round = null;
  #prompts = null; // promise of what can be asked for
  #version = null; // of the model on this device whose answer is on display
  #advance = 0; // timer
  #judging = []; // promises of the answers to finished drawings

  connect() {
    const on = (target, type, action) => target.addEventListener(type, (event) => action.call(this, event.detail, event));
    on(this.#sheet, "change", this.#sheetChanged);
    on(this.#pad, "begin", this.#penDown);
    on(this.#pad, "progress", this.#ask);
    on(this.#pad, "drop", this.#ask);
    on(this.#pad, "full", () => this.#problem.show(text("tooManyPoints")));
    on(this.#keyboardPen, "pen", () => this.#announcer.now(text(this.#keyboardPen.isDown ? "penDown" : "penUp")));
    on(this.#recognition, "answer", this.#showAnswer);
    on(this.#recognition, "problem", (error) => this.#problem.show(reasonOf(error)));
    on(this.#recognition, "trouble", () => this.#recognition.isAway && this.#see(text("noAnswer")));
    on(this.#device, "ready", () => (find("[data-rounds]").dataset.modelVersion = this.#device.version(this.#slug))); // for tests and people who look
    on(this.#clock, "tick", this.#showTime);
    on(this.#clock, "up", this.#timeUp);
    on(this.#backOnline, "online", () => this.#connection.retry());
    on(find("[data-begin]"), "submit", (_, event) => this.#begin(event));
    on(document, "click", (_, event) => this.#act(event.target.closest("[data-do]")?.dataset.do));
    for (const part of [this.#pad, this.#keyboardPen, this.#recognition, this.#connection, this.#shortcuts, this.#service, this.#backOnline]) part.connect();
    this.#saving?.connect();
    if (this.#config.user) this.#uploader.connect();
    this.#markRecognizer();
    this.#load();
    find("[data-begin] [type=submit]").disabled = false;
    find("[data-rounds]").dataset.ready = "";
  }

  #client(options) {
    const { api, actingFor } = this.#config;
    return new Client({ root: api, actingFor, attempts: 1, onLiveVersions: (versions) => this.#device.note(versions), ...options });
  }

  get #slug() {
    return this.#recognizers.current.slug;
  }

  get #state() {
    return find("[data-rounds]").dataset.state;
  }

  /** A page from the device was made for no recognizer in particular. */
  #markRecognizer() {
    for (const link of document.querySelectorAll("[data-recognizer]")) {
      if (link.dataset.recognizer === this.#slug) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  // --- What a person does ---

  #keys() {
    const act = (name) => () => this.#act(name);
    return {
      digit: () => false,
      enter: () => this.#act({ begin: "begin", play: "next", result: "again" }[this.#state]),
      k: act("skip"),
      z: (event) => this.#act(event.shiftKey ? "redo" : "undo"),
      y: act("redo"),
      "mod+z": act("undo"),
      "mod+y": act("redo"),
      "mod+shift+z": act("redo"),
      x: act("clear"),
      delete: act("clear"),
      d: () => this.#canvas.focus(),
      "[": () => this.#pen.thinner(),
      "]": () => this.#pen.thicker(),
    };
  }

  #act(name) {
    const playing = {
      next: () => this.#sheet.isBlank || this.#finish("done"),
      skip: () => this.#finish("skipped"),
      end: () => this.#end(),
      undo: () => this.#sheet.undo(),
      redo: () => this.#sheet.redo(),
      clear: () => this.#clear(),
      closeProblem: () => this.#problem.settle(),
    };
    const after = {
      again: () => this.#begin(),
      same: () => this.#start(this.#round.prompts),
      share: () => this.#picture.share(),
      savePicture: () => this.#picture.save(),
    };
    const always = { retry: () => this.#connection.retry(), reload: () => location.reload() };
    const actions = { begin: { begin: () => this.#begin() }, play: this.#pad.isDrawing ? {} : playing, result: after }[this.#state];
    ({ ...always, ...actions })[name]?.();
  }

  #load() {
    this.#prompts = loadPrompts(this.#recognizers.current.labels).then((prompts) => {
      this.#recognizers.current.unsureBelow = prompts.unsureBelow;
      const examples = prompts.examples ? readJson(prompts.examples).catch(() => null) : null;
      return { ...prompts, examples };
    });
    this.#prompts.catch(() => {});
  }

  async #begin(event) {
    event?.preventDefault();
    const line = this.#part.loading;
    line.hidden = true;
    try {
      const { labels } = await this.#prompts;
      this.#start(choosePrompts(labels, Number(this.#chosen("length"))));
    } catch {
      line.textContent = text("notLoaded");
      line.hidden = false;
      this.#load();
    }
  }

  #chosen(name) {
    return new FormData(find("[data-begin]")).get(name);
  }

  // --- A round ---

  #start(prompts) {
    this.#round = new Round(prompts);
    this.#judging = [];
    this.#show("play");
    this.#askNext();
    this.#canvas.focus({ preventScroll: true, focusVisible: false });
  }

  async #askNext() {
    const { before, after } = await this.#prompts;
    const { label, entries, prompts } = this.#round;
    const nth = { number: entries.length + 1, count: prompts.length };
    find("[data-prompt=before]").textContent = before;
    find("[data-prompt=label]").replaceChildren(sign({ ...label, glyph: label.asked }));
    find("[data-prompt=after]").textContent = after;
    this.#part.nth.textContent = text("nth", nth);
    this.#part.nth.dataset.number = nth.number;
    this.#sheet.renew();
    this.#announcer.now(text("asksSpoken", { ...nth, prompt: `${before}${label.asked}${after}` }));
    const hasClock = this.#chosen("pace") === "clock";
    this.#part.clock.hidden = this.#part.time.hidden = !hasClock;
    if (hasClock) this.#clock.start(this.#config.seconds);
  }

  #finish(how) {
    clearTimeout(this.#advance);
    this.#clock.stop();
    this.#recognition.cancel();
    const ink = how === "skipped" ? [] : this.#sheet.strokes.map((stroke) => stroke.toWire());
    const entry = this.#round.finish(ink, how);
    if (entry.ink.length) this.#judging.push(this.#judge(entry, this.#version));
    if (this.#round.isOver) this.#showResult();
    else this.#askNext();
  }

  /** What the drawing is taken for as it is now; then it is saved, unless time was up before it was recognised. */
  async #judge(entry, version) {
    if (this.#saving && entry.how === "done") this.#saving.save(entry, version);
    entry.answer = await this.#answer(entry.ink);
    entry.isRight = recognises(entry.answer, entry.label);
    if (!this.#saving || entry.how === "done") return;
    if (entry.isRight) this.#saving.save(entry, version);
    else this.#saving.leaveOut(Object.assign(entry, { version }));
  }

  async #answer(ink) {
    const content = { recognizer: this.#slug, ink };
    if (this.#device.version(this.#slug) !== null) {
      const here = await this.#device.answer(this.#slug, ink).catch(() => null);
      if (here) return this.#memoryHere.adjust(here, this.#recognizers.current.unsureBelow);
    }
    return this.#api.predict(content).catch(() => null);
  }

  #timeUp() {
    this.#pad.end();
    this.#announcer.now(text("timeUp"));
    this.#finish("time");
  }

  #end() {
    this.#clock.stop();
    if (!this.#round.entries.length) return this.#show("begin");
    clearTimeout(this.#advance);
    this.#recognition.cancel();
    this.#round.end();
    this.#showResult();
  }

  #clear() {
    if (this.#sheet.isBlank) return;
    this.#sheet.clear();
    this.#announcer.now(text("cleared"));
  }

  // --- While somebody draws ---

  #penDown() {
    this.#backOnline.stay();
    clearTimeout(this.#advance);
    this.#problem.settle();
  }

  #sheetChanged({ how }) {
    clearTimeout(this.#advance);
    if (how !== "stroke") this.#recognition.cancel();
    const { canUndo, isBlank } = this.#sheet;
    find("[data-do=undo]").setAttribute("aria-disabled", String(!canUndo));
    find("[data-do=clear]").setAttribute("aria-disabled", String(isBlank));
    find("[data-do=next]").setAttribute("aria-disabled", String(isBlank));
    if (isBlank) this.#see(text("drawIt"));
    this.#ask();
  }

  #ask() {
    if (this.#state !== "play" || (this.#sheet.isBlank && !this.#pad.isDrawing)) return;
    const content = () => ({ recognizer: this.#slug, ink: this.#pad.strokes.map((stroke) => stroke.toWire()) });
    this.#recognition.ask(content, { isDrawing: this.#pad.isDrawing });
  }

  async #showAnswer(answer) {
    if (this.#state !== "play" || (this.#sheet.isBlank && !this.#pad.isDrawing)) return;
    const { labels } = await this.#prompts;
    const { label } = this.#round;
    const isRight = recognises(answer, label);
    this.#version = answer.on_device ? answer.model_version : null;
    const first = labels.find(({ slug }) => slug === answer.guesses[0].label) ?? answer.guesses[0];
    const known = isRight ? label : first;
    const name = known.glyph ? sign(known) : named(known);
    if (answer.unsure) this.#see(text("notSure"));
    else this.#see(...pieces(isRight ? "recognised" : "looksLike", { name }));
    find("[data-rounds]").toggleAttribute("data-right", isRight);
    this.#announcer.say(() => (answer.unsure ? text("notSure") : text(isRight ? "recognised" : "looksLike", { name: wordOf(known.name) })));
    const rests = !this.#pad.isDrawing && !this.#recognition.hasMore;
    clearTimeout(this.#advance);
    if (isRight && rests && !this.#part.clock.hidden) this.#advance = setTimeout(() => this.#finish("done"), SURE_MS);
  }

  #see(...words) {
    this.#part.seen.replaceChildren(...words);
    find("[data-rounds]").toggleAttribute("data-right", false);
  }

  #showTime(seconds) {
    this.#part.clock.textContent = text("secondsLeft", { seconds });
    this.#part.time.firstElementChild.style.setProperty("--share", seconds / this.#config.seconds);
    if (SPOKEN_SECONDS.includes(seconds)) this.#announcer.say(text("secondsLeftSpoken", { seconds }));
  }

  // --- The end ---

  #show(state) {
    find("[data-rounds]").dataset.state = state;
    for (const name of ["begin", "play", "result"]) this.#part[name].hidden = name !== state;
    scrollTo({ top: 0 });
  }

  async #showResult() {
    const round = this.#round;
    this.#see(text("looking"));
    await Promise.all(this.#judging);
    if (round !== this.#round) return;
    const { labels, examples } = await this.#prompts;
    this.#result.show(round, labels);
    this.#part.mine.hidden = !this.#config.user;
    this.#show("result");
    this.#part.score.focus({ preventScroll: true });
    this.#announcer.now(text("score", round.score));
    this.#picture.show(round, labels);
    const shown = await examples;
    if (shown && round === this.#round) this.#result.showExamples(shown);
  }
}

new RoundsPage().connect();
