// The review room by single keys and without waiting: the next drawing is here before the decision is sent.
// The keys are printed on the buttons; without this script the buttons do the same, a page at a time.

import { Announcer } from "../shared/announcer.js";
import { Filter } from "../shared/filter.js";
import { isStill, replay } from "./replay.js";
import { Ahead, toForm } from "./prefetch.js";
import { Failures } from "./failures.js";
import { History } from "./history.js";
import { Outbox } from "./outbox.js";
import { send } from "./steps.js";
import { Shortcuts } from "../shared/shortcuts.js";
import { text } from "../shared/texts.js";

const KEYS = "abcdefghijklmnopqrstuvwxyz";
const SEEN_MS = 120; // a decision so soon after the last one is a bounce of the key

class ReviewRoom {
  #page = document.querySelector("[data-review]");
  #place = this.#part("place");
  #announcer = new Announcer(this.#part("announcer"));
  #failures = new Failures(this.#part("trouble"), this.#part("failures"));
  #history = new History(this.#part("last"));
  #fields = [];
  #ahead;
  #outbox;
  #endReplay = () => {};
  #filter = null;
  #shownAt = -Infinity;
  #said = "";

  connect() {
    const first = this.#current;
    this.#fields = fieldsOf(first ?? this.#part("skipped"));
    this.#ahead = new Ahead(this.#page.dataset.next, named(this.#fields), this.#heardOfDrawings());
    this.#fields = this.#fields.filter(([name]) => name !== "then");
    this.#outbox = new Outbox(this.#heardOfSteps());
    this.#outbox.connect();
    this.#failures.connect(() => this.#retry());
    this.#history.connect((entry) => this.#takeBack(entry));
    this.#listen();
    if (first && this.#outbox.ids.includes(first.dataset.desk)) this.#advance();
    else if (first) this.#show(first);
    this.#ahead.fill();
    this.#page.dataset.ready = "";
  }

  #part(name) {
    return this.#page.querySelector(`[data-${name}]`);
  }

  get #current() {
    return this.#place.querySelector("[data-desk]");
  }

  #listen() {
    this.#place.addEventListener("submit", (event) => this.#submitted(event));
    this.#place.addEventListener("click", (event) => event.target.closest("[data-again]") && this.#replay());
    this.#page.addEventListener("keydown", (event) => event.repeat && event.target.closest("button") && event.preventDefault());
    addEventListener("pagehide", () => this.#release());
    addEventListener("pageshow", (event) => event.persisted && location.reload());
    new Shortcuts(this.#actions(), this.#part("shortcuts")).connect();
  }

  /** What each key does, read off the buttons that are there when it is pressed. */
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
    if (form.matches(".decided")) this.#takeBack({ number: [event.submitter.name, event.submitter.value], said: text("decision"), form: null });
    else this.#decide(form, event.submitter);
  }

  #decide(form, button) {
    const { said } = button.dataset;
    const skips = button.name === "skip";
    const fields = [...fieldsOf(form), [button.name, button.value]];
    const step = this.#outbox.add({ id: form.dataset.desk, said, address: form.action, fields, skips });
    if (!skips) this.#history.add(step, form);
    this.#advance(said);
  }

  #advance(said = this.#said) {
    this.#endReplay();
    const next = this.#ahead.take();
    this.#said = next ? "" : said; // to be told together with the next one
    if (next) this.#show(next, said);
    else this.#showNone();
  }

  #takeBack({ number, said, step, form }) {
    const words = text("takenBack", { said });
    if (!step || !this.#outbox.cancel(step)) {
      const address = this.#page.dataset.undo;
      this.#outbox.add({ id: step?.id ?? "", said: words, address, fields: this.#fields, of: step, number });
    }
    if (form) this.#showAgain(form);
    this.#announcer.now(words);
  }

  #showAgain(form) {
    const current = this.#current;
    if (current?.matches(":not(.decided)") && current !== form) this.#ahead.putBack(current);
    this.#ahead.drop(form.dataset.desk);
    this.#show(form);
  }

  // --- Showing ---

  #show(form, said = "") {
    const focused = !document.activeElement || document.activeElement === document.body || this.#place.contains(document.activeElement);
    this.#place.replaceChildren(form);
    this.#part("nothing").hidden = this.#part("fetching").hidden = true;
    this.#useFilter(form);
    this.#replay();
    this.#shownAt = said ? performance.now() : -Infinity;
    if (focused || !said) form.querySelector(".primary")?.focus({ preventScroll: true });
    if (said) this.#announcer.now(text("said", { said, next: form.dataset.name }));
    if (scrollY > this.#place.offsetTop) this.#place.scrollIntoView();
    this.#ahead.fill(); // only now: what is shown must not come again
  }

  #showNone() {
    this.#place.replaceChildren();
    this.#part("fetching").hidden = false;
    this.#ahead.fill();
  }

  #showNothing() {
    this.#part("fetching").hidden = true;
    const nothing = this.#part("nothing");
    nothing.hidden = false;
    nothing.focus({ preventScroll: true });
    this.#announcer.now([this.#said, nothing.querySelector("h2").textContent].filter(Boolean).join(". "));
    this.#said = "";
  }

  #useFilter(form) {
    const field = form.querySelector("[data-field]"); // where there are many labels
    this.#filter = field && new Filter(form.querySelector("[data-picker]"));
    if (!field || !field.hidden) return;
    field.hidden = false;
    this.#filter.connect();
  }

  #replay() {
    this.#endReplay();
    this.#endReplay = () => {};
    const svg = this.#place.querySelector("[data-replay]");
    if (!svg || isStill()) return;
    this.#part("again").hidden = false;
    this.#endReplay = replay(svg);
  }

  // --- The server ---

  #heardOfDrawings() {
    return {
      fields: () => this.#fields,
      have: () => [...new Set([this.#current?.dataset.desk, ...this.#ahead.ids, ...this.#outbox.ids].filter(Boolean))],
      arrived: (waiting) => {
        this.#part("waiting").textContent = waiting;
        this.#failures.settle();
        if (!this.#current) this.#advance();
      },
      empty: (waiting) => {
        this.#part("waiting").textContent = waiting;
        if (!this.#current && !this.#ahead.ids.length) this.#showNothing();
      },
      stuck: (kind) => this.#current || this.#failures.show(kind === "refused" ? "stumbled" : kind),
    };
  }

  #heardOfSteps() {
    return {
      taken: (step, answer) => this.#taken(step, answer ?? {}),
      refused: (step, detail) => this.#refused(step, detail),
      stuck: (kind) => this.#failures.show(kind),
      changed: () => this.#count(),
    };
  }

  #taken(step, { opinion, review, skipped, sheet }) {
    this.#failures.settle();
    if (opinion) step.number = ["opinion", opinion];
    if (review) step.number = ["review", review];
    if (skipped) this.#skipped(skipped);
    if (sheet && !this.#isHere(sheet.id)) this.#showAgain(toForm(sheet.html));
  }

  #isHere(id) {
    return [this.#current?.matches(":not(.decided)") && this.#current.dataset.desk, ...this.#ahead.ids, ...this.#outbox.ids].includes(String(id));
  }

  #skipped(words) {
    const form = this.#part("skipped");
    form.querySelector("[data-words]").textContent = words;
    form.hidden = false;
    this.#part("done").hidden = true;
  }

  #refused(step, detail) {
    this.#history.forget(step);
    this.#failures.add(step.said, detail);
  }

  #count() {
    const count = this.#outbox?.size ?? 0;
    this.#part("sending").textContent = count > 1 ? `(${text("sending", { count })})` : "";
  }

  #retry() {
    this.#failures.settle();
    this.#outbox.retry();
    this.#ahead.fill();
  }

  /** Others are shown at once what this page held. */
  #release() {
    const held = [this.#current?.dataset.desk, ...this.#ahead.ids].filter(Boolean).map((id) => ["have", id]);
    if (held.length) send(this.#page.dataset.release, held, { leaving: true }).catch(() => {});
  }
}

/** The hidden fields of a form, without its token: that is read anew. */
function fieldsOf(form) {
  return [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken");
}

function named(fields) {
  return fields.filter(([name]) => name === "then").map(([, value]) => value);
}

new ReviewRoom().connect();
