// The review page with keyboard shortcuts and without waiting: it shows the next drawing before the decision is sent.
// The keys are printed on the buttons. Without this script the buttons do the same, one page at a time.

import { Announcer } from "../shared/announcer.js";
import { Filter } from "../shared/filter.js";
import { connectFinders, LabelFinder } from "../shared/label_finder.js";
import { isStill, replay } from "./replay.js";
import { Prefetch, toForm } from "./prefetch.js";
import { Failures } from "./failures.js";
import { History } from "./history.js";
import { Outbox } from "./outbox.js";
import { send } from "./steps.js";
import { Shortcuts } from "../shared/shortcuts.js";
import { text } from "../shared/texts.js";
import { Waiting } from "./waiting.js";

const KEYS = "abcdefghijklmnopqrstuvwxyz";
const SEEN_MS = 120; // a key that comes sooner after the last decision is ignored

class ReviewPage {
  #page = document.querySelector("[data-review]");
  #cardArea = this.#part("card-area");
  #announcer = new Announcer(this.#part("announcer"));
  #failures = new Failures(this.#part("trouble"), this.#part("failures"));
  #history = new History(this.#part("last"));
  #waiting = new Waiting(this.#part("waiting"));
  #fields = [];
  #prefetch;
  #outbox;
  #endReplay = () => {};
  #filter = null;
  #finders = new WeakMap(); // form -> LabelFinder
  #shownAt = -Infinity;
  #summary = "";

  connect() {
    const first = this.#current;
    this.#fields = fieldsOf(first ?? this.#part("skipped"));
    this.#prefetch = new Prefetch(this.#page.dataset.next, named(this.#fields), this.#prefetchEvents());
    this.#fields = this.#fields.filter(([name]) => name !== "then");
    this.#outbox = new Outbox(this.#page.dataset.actingFor, this.#outboxEvents());
    this.#outbox.connect();
    this.#waiting.subtract(this.#outbox.decided.length); // those of before a reload
    connectFinders(this.#page.querySelector(".review-filter"));
    this.#failures.connect(() => this.#retry());
    this.#history.connect((entry) => this.#undo(entry));
    this.#listen();
    if (first && this.#outbox.ids.includes(first.dataset.card)) this.#advance();
    else if (first) this.#show(first);
    this.#prefetch.fill();
    this.#page.dataset.ready = "";
  }

  #part(name) {
    return this.#page.querySelector(`[data-${name}]`);
  }

  get #current() {
    return this.#cardArea.querySelector("[data-card]");
  }

  #listen() {
    this.#cardArea.addEventListener("submit", (event) => this.#submitted(event));
    this.#cardArea.addEventListener("click", (event) => event.target.closest("[data-again]") && this.#replay());
    this.#page.addEventListener("keydown", (event) => event.repeat && event.target.closest("button") && event.preventDefault());
    addEventListener("pagehide", () => this.#release());
    addEventListener("pageshow", (event) => event.persisted && location.reload());
    new Shortcuts(this.#actions(), this.#part("shortcuts")).connect();
  }

  /** Each key presses the button that has it at that moment. */
  #actions() {
    const press = (key, event) => {
      const button = this.#page.querySelector(`[data-key="${key}"]:not([hidden])`);
      if (!button) return false;
      if (!event?.repeat) button.click();
      return true;
    };
    const letters = [...KEYS].map((key) => [key, (event) => press(key, event)]);
    return { ...Object.fromEntries(letters), digit: (key) => press(key), "/": () => this.#filter?.focus() };
  }

  // --- Deciding ---

  #submitted(event) {
    const form = event.target;
    event.preventDefault();
    if (performance.now() - this.#shownAt < SEEN_MS) return;
    if (form.matches(".decided")) this.#undo({ field: [event.submitter.name, event.submitter.value], summary: text("decision"), form: null });
    else this.#decide(form, event.submitter);
  }

  #decide(form, button) {
    const { summary } = button.dataset;
    const skips = button.name === "skip";
    const fields = [...fieldsOf(form), [button.name, button.value]];
    const step = this.#outbox.add({ id: form.dataset.card, summary, address: form.action, fields, skips });
    if (!skips) {
      this.#history.add(step, form);
      this.#waiting.subtract(1);
    }
    this.#advance(summary);
  }

  #advance(summary = this.#summary) {
    this.#endReplay();
    const next = this.#prefetch.take();
    this.#summary = next ? "" : summary; // announced together with the next drawing
    if (next) this.#show(next, summary);
    else this.#showNone();
  }

  #undo({ field, summary, step, form }) {
    const words = text("undone", { summary });
    if (!step || !this.#outbox.cancel(step)) {
      const address = this.#page.dataset.undo;
      this.#outbox.add({ id: step?.id ?? "", summary: words, address, fields: this.#fields, undoes: step, field });
    }
    this.#waiting.subtract(-1);
    if (form) this.#showAgain(form);
    this.#announcer.now(words);
  }

  #showAgain(form) {
    const current = this.#current;
    if (current?.matches(":not(.decided)") && current !== form) this.#prefetch.putBack(current);
    this.#prefetch.drop(form.dataset.card);
    this.#show(form);
  }

  // --- Showing ---

  #show(form, summary = "") {
    const focused = !document.activeElement || document.activeElement === document.body || this.#cardArea.contains(document.activeElement);
    this.#cardArea.replaceChildren(form);
    this.#part("nothing").hidden = this.#part("fetching").hidden = true;
    this.#useFilter(form);
    this.#replay();
    this.#shownAt = summary ? performance.now() : -Infinity;
    if (focused || !summary) form.querySelector(".primary")?.focus({ preventScroll: true });
    if (summary) this.#announcer.now(text("decided", { summary, next: form.dataset.name }));
    if (scrollY > this.#cardArea.offsetTop) this.#cardArea.scrollIntoView();
    this.#prefetch.fill(); // last, so that the shown drawing is not fetched again
  }

  #showNone() {
    this.#cardArea.replaceChildren();
    this.#part("fetching").hidden = false;
    this.#prefetch.fill();
  }

  #showNothing() {
    this.#part("fetching").hidden = true;
    const nothing = this.#part("nothing");
    nothing.hidden = false;
    nothing.focus({ preventScroll: true });
    this.#announcer.now([this.#summary, nothing.querySelector("h2").textContent].filter(Boolean).join(". "));
    this.#summary = "";
  }

  #useFilter(form) {
    const finder = form.querySelector("[data-label-finder]"); // only where there are very many
    if (finder) return this.#useFinder(form, finder);
    const field = form.querySelector("[data-field]"); // only where there are many labels
    this.#filter = field && new Filter(form.querySelector("[data-picker]"));
    if (!field || !field.hidden) return;
    field.hidden = false;
    this.#filter.connect();
  }

  #useFinder(form, root) {
    this.#filter = this.#finders.get(form);
    if (this.#filter) return; // the card is shown again
    const { author } = form.dataset;
    this.#filter = new LabelFinder(root, (button, { glyph, name }) => (button.dataset.summary = text("changed", { author, label: glyph || name })));
    this.#finders.set(form, this.#filter);
    this.#filter.connect();
    form.querySelector("[data-plain]").hidden = true;
  }

  #replay() {
    this.#endReplay();
    this.#endReplay = () => {};
    const svg = this.#cardArea.querySelector("[data-replay]");
    if (!svg || isStill()) return;
    this.#part("again").hidden = false;
    this.#endReplay = replay(svg);
  }

  // --- The server ---

  #prefetchEvents() {
    return {
      fields: () => this.#fieldsToAsk(),
      have: () => [...new Set([this.#current?.dataset.card, ...this.#prefetch.ids, ...this.#outbox.ids].filter(Boolean))],
      answered: (answer) => this.#waiting.answer(answer),
      arrived: () => {
        if (!this.#outbox.isStuck) this.#failures.hideTrouble();
        if (!this.#current) this.#advance();
      },
      empty: () => {
        if (!this.#current && !this.#prefetch.ids.length) this.#showNothing();
      },
      stuck: (kind) => this.#current || this.#failures.showTrouble(kind === "refused" ? "serverError" : kind),
    };
  }

  #fieldsToAsk() {
    this.#waiting.ask(this.#outbox.isUndoing);
    return [...this.#fields, ...this.#outbox.decided.map((id) => ["decided", id])];
  }

  #outboxEvents() {
    return {
      saved: (step, answer) => this.#saved(step, answer ?? {}),
      refused: (step, detail) => this.#refused(step, detail),
      stuck: (kind) => this.#failures.showTrouble(kind),
      changed: () => this.#count(),
    };
  }

  #saved(step, { opinion, review, skipped, card }) {
    this.#failures.hideTrouble();
    if (opinion) step.field = ["opinion", opinion];
    if (review) step.field = ["review", review];
    if (skipped) this.#skipped(skipped);
    if (card && !this.#isHere(card.id)) this.#showAgain(toForm(card.html));
  }

  #isHere(id) {
    return [this.#current?.matches(":not(.decided)") && this.#current.dataset.card, ...this.#prefetch.ids, ...this.#outbox.ids].includes(String(id));
  }

  #skipped(words) {
    const form = this.#part("skipped");
    form.querySelector("[data-words]").textContent = words;
    form.hidden = false;
    this.#part("done").hidden = true;
  }

  #refused(step, detail) {
    this.#history.removeStep(step);
    this.#failures.add(step.summary, detail);
  }

  #count() {
    const count = this.#outbox?.size ?? 0;
    this.#part("sending").textContent = count > 1 ? `(${text("sending", { count })})` : "";
  }

  #retry() {
    this.#failures.hideTrouble();
    this.#outbox.retry();
    this.#prefetch.fill();
  }

  /** Give back the drawings that this page held, so that others see them at once. */
  #release() {
    const held = [this.#current?.dataset.card, ...this.#prefetch.ids].filter(Boolean).map((id) => ["have", id]);
    if (held.length) send(this.#page.dataset.release, [...this.#fields, ...held], { leaving: true }).catch(() => {});
  }
}

/** The hidden fields of a form, without the CSRF token, which is read when it is sent. */
function fieldsOf(form) {
  return [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken");
}

function named(fields) {
  return fields.filter(([name]) => name === "then").map(([, value]) => value);
}

new ReviewPage().connect();
