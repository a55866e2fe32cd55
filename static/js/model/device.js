// The models on this device, for a page: loads them in a worker, follows promotions, and answers with them.
//
// A new version is loaded and checked beside the one that answers, then takes its place. The one before is kept: after a
// rollback it answers at once. A version that is damaged or answers differently is refused, and the one before goes on
// answering. A version with operations that this code does not know is left to the server.

import { abortAfter } from "../api.js";
import { couldBeBetter } from "./better.js";

const VISIBLE_MS = 4000; // between two looks for a promotion while the page is visible
const HIDDEN_MS = 60_000;
const PATIENCE_MS = 15_000; // a connection can die without a word
const LOAD_MS = 120_000; // a model over a slow line
const ANSWER_MS = 10_000; // some phones end a worker without a word

/**
 * Fires "ready" (detail: the recognizer's slug) when a version begins to answer here, and "refused" (detail: { recognizer,
 * version, reason }) for one that must not.
 */
export class Device extends EventTarget {
  #root;
  #script;
  #worker = null;
  #calls = new Map(); // id -> { resolve, reject }
  #lastId = 0;
  #live; // slug -> { version, sha256 }, as the site says
  #here = new Map(); // slug -> { current, before }: loaded versions, each { version, sha256 } or null
  #wanted = new Set(); // slugs of the recognizers that are used here
  #loading = new Set();
  #refused = new Set(); // "slug/version/sha256"
  #timer = 0;
  #looks = false;

  /** `root`: the address of the API. `worker`: of the worker's script. `live`: { slug: { version, sha256 } } as of the page. */
  constructor({ root, worker, live }) {
    super();
    this.#root = new URL(root, location.href).href;
    this.#script = worker;
    this.#live = new Map(Object.entries(live));
  }

  connect() {
    this.#start();
    if (!this.#worker) return; // the server answers
    document.addEventListener("visibilitychange", () => this.#lookLater(document.hidden ? HIDDEN_MS : 0));
    this.#lookLater(VISIBLE_MS);
  }

  /** Load this recognizer's live version, and follow its promotions from now on. */
  use(recognizer) {
    this.#wanted.add(recognizer);
    return this.#update(recognizer);
  }

  /** The number of the version that answers here; null if there is none. */
  version(recognizer) {
    return this.#here.get(recognizer)?.current?.version ?? null;
  }

  async answer(recognizer, ink) {
    const worker = this.#worker;
    try {
      return await within(ANSWER_MS, this.#call("answer", { model: this.#model(recognizer), ink }));
    } catch (error) {
      if (error instanceof LateError && worker === this.#worker) this.#restart();
      throw error;
    }
  }

  /** Another recognizer of `others` (slugs) that is far surer, `{ recognizer, guess }`, or null. Loads their models if needed. */
  async findBetter(others, ink, answer) {
    if (!couldBeBetter(answer) || navigator.connection?.saveData) return null;
    await Promise.all(others.map((other) => this.use(other)));
    const loaded = others.filter((other) => this.version(other) !== null).map((other) => this.#model(other));
    return loaded.length ? this.#call("better", { others: loaded, ink, answer }) : null;
  }

  /** The header `Live-Versions` of any answer of the API: look at once if it names a version that is not known here. */
  note(header) {
    const told = header.split(",").map((part) => part.trim().split("="));
    if (told.some(([slug, number]) => this.#live.has(slug) && this.#live.get(slug).version !== Number(number))) this.#look();
  }

  // --- Promotions ---

  #lookLater(milliseconds) {
    clearTimeout(this.#timer);
    if (this.#worker) this.#timer = setTimeout(() => this.#look(), milliseconds);
  }

  async #look() {
    if (this.#looks || !this.#worker) return;
    this.#looks = true;
    try {
      const response = await fetch(`${this.#root}live-versions`, { credentials: "omit", signal: abortAfter(PATIENCE_MS) });
      if (response.ok) this.#learn((await response.json()).results);
    } catch {
      // No network: the versions that are here go on answering.
    } finally {
      this.#looks = false;
      this.#lookLater(document.hidden ? HIDDEN_MS : VISIBLE_MS);
    }
  }

  #learn(results) {
    for (const { recognizer, model_version: version, sha256 } of results) this.#live.set(recognizer, { version, sha256 });
    for (const recognizer of this.#wanted) this.#update(recognizer);
  }

  async #update(recognizer) {
    const live = this.#live.get(recognizer);
    const { current, before } = this.#loaded(recognizer);
    if (!this.#worker || !live || isSame(current, live) || this.#loading.has(recognizer)) return;
    if (this.#refused.has(nameOf(recognizer, live))) return;
    if (isSame(before, live)) return this.#switch(recognizer, live);
    this.#loading.add(recognizer);
    try {
      await within(LOAD_MS, this.#call("load", { root: this.#root, recognizer, ...live })); // else the next look tries again
      this.#switch(recognizer, live);
    } catch (error) {
      this.#failed(recognizer, live, error);
    } finally {
      this.#loading.delete(recognizer);
    }
  }

  #switch(recognizer, live) {
    const { current, before } = this.#loaded(recognizer);
    if (!isSame(before, live)) this.#drop(recognizer, before);
    this.#here.set(recognizer, { current: live, before: current });
    this.dispatchEvent(new CustomEvent("ready", { detail: recognizer }));
  }

  /** Another error than these is a network that is away: the next look tries again. */
  #failed(recognizer, live, { name, message }) {
    if (!["UnknownModelError", "RefusedModelError"].includes(name)) return;
    this.#refused.add(nameOf(recognizer, live));
    if (name === "UnknownModelError") this.#leaveToServer(recognizer);
    else this.dispatchEvent(new CustomEvent("refused", { detail: { recognizer, version: live.version, reason: message } }));
  }

  #leaveToServer(recognizer) {
    const { current, before } = this.#loaded(recognizer);
    if (current) this.#drop(recognizer, before);
    this.#here.set(recognizer, { current: null, before: current ?? before });
  }

  #drop(recognizer, version) {
    if (version) this.#call("drop", { recognizer, ...version }).catch(() => {}); // the worker has stopped
  }

  /** What the worker calls the version that answers. */
  #model(recognizer) {
    return { recognizer, ...this.#loaded(recognizer).current };
  }

  #loaded(recognizer) {
    return this.#here.get(recognizer) ?? { current: null, before: null };
  }

  // --- The worker ---

  #start() {
    try {
      this.#worker = new Worker(this.#script, { type: "module" });
    } catch {
      return;
    }
    this.#worker.addEventListener("message", ({ data }) => this.#settle(data));
    this.#worker.addEventListener("error", () => this.#stop());
  }

  #restart() {
    this.#stop();
    this.#start();
    this.#lookLater(0);
    for (const recognizer of this.#wanted) this.#update(recognizer);
  }

  #call(call, values) {
    if (!this.#worker) return Promise.reject(new Error("there is no worker"));
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#worker.postMessage({ id, call, ...values });
    });
  }

  #settle({ id, result, error }) {
    const { resolve, reject } = this.#calls.get(id);
    this.#calls.delete(id);
    if (error) reject(Object.assign(new Error(error.message), { name: error.name }));
    else resolve(result);
  }

  /** A worker that does not run, as in browsers without modules in workers. */
  #stop() {
    this.#worker?.terminate();
    this.#worker = null;
    this.#here.clear();
    this.#loading.clear();
    clearTimeout(this.#timer);
    for (const { reject } of this.#calls.values()) reject(new Error("the worker stopped"));
    this.#calls.clear();
  }
}

class LateError extends Error {
  name = "LateError";
}

/** The result of `work`. Throws LateError if it takes longer. */
function within(milliseconds, work) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new LateError("no answer")), milliseconds)));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

const nameOf = (recognizer, { version, sha256 }) => `${recognizer}/${version}/${sha256}`;

const isSame = (one, other) => one?.version === other.version && one.sha256 === other.sha256;
