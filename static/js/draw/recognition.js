// Who answers a drawing: the model on this device, at each stroke, or the server. For people who are signed in the server
// is asked once, after a pause: it knows their memory. Without a model here, for pictures, and when all recognizers are
// asked, the server answers alone.

const PAUSE_MS = 500;
const EVERY_MS = 60; // while the pen is down, so that a slow processor has time for the line

/** Fires the events of Predictor, and "answer" also with the answers of this device: they have `on_device`. */
export class Recognition extends EventTarget {
  #server;
  #device;
  #memory;
  #recognizers;
  #signedIn;
  #last = null; // () => content: what was asked last; null once it is settled
  #next = null; // { content, isDrawing }: what this device answers next
  #sent = null; // what the server was asked
  #isAccountWrong = false; // the server refuses whoever is signed in
  #busy = false;
  #generation = 0;
  #notBefore = 0;
  #timer = 0;
  #pause = 0;

  /** `server`: a Predictor. `device`: a Device. `memory`: a MemoryHere. `recognizers`: those of the site. */
  constructor({ server, device, memory, recognizers, signedIn }) {
    super();
    this.#server = server;
    this.#device = device;
    this.#memory = memory;
    this.#recognizers = recognizers;
    this.#signedIn = signedIn;
  }

  connect() {
    this.#server.connect();
    this.#device.connect();
    this.#useRecognizer();
    this.#recognizers.addEventListener("switch", () => this.#useRecognizer());
    this.#recognizers.addEventListener("follow", () => this.#memory.use(this.#recognizers.current.slug));
    this.#device.addEventListener("ready", ({ detail }) => this.#answerAgain(detail));
    this.#server.addEventListener("answer", ({ detail }) => this.#serverAnswered(detail));
    for (const type of ["problem", "trouble", "recovered"]) {
      this.#server.addEventListener(type, ({ detail }) => this.#serverSaid(type, detail));
    }
  }

  /** Whether another answer will follow at once. */
  get hasMore() {
    return this.#next !== null || (!this.#answersHere && this.#server.hasMore);
  }

  /** Whether there is no answer for now. */
  get isAway() {
    return !this.#answersHere && this.#server.isAway;
  }

  /** `content` is called when the drawing is answered, so that it contains the newest ink. */
  ask(content, { isDrawing = false } = {}) {
    clearTimeout(this.#pause);
    this.#last = content;
    if (!this.#answersHere) return this.#askServer(content);
    if (this.#signedIn || this.#recognizers.areMany) this.#pause = setTimeout(() => this.#paused(content), PAUSE_MS);
    this.#next = { content, isDrawing };
    this.#schedule();
  }

  retry() {
    this.#server.retry();
  }

  /** Ignore what was asked: the drawing has changed, or its author said what it is. */
  cancel() {
    clearTimeout(this.#pause);
    this.#generation += 1;
    this.#next = this.#last = null;
    this.#server.cancel();
  }

  #useRecognizer() {
    this.#device.use(this.#recognizers.current.slug);
    this.#memory.use(this.#recognizers.current.slug);
  }

  /** Whether this device answers what was asked last. */
  get #answersHere() {
    if (this.#recognizers.isAny) return false; // only one is here
    return this.#device.version(this.#recognizers.current.slug) !== null && !this.#last?.().image;
  }

  #askServer(content) {
    this.#sent = content;
    this.#server.ask(content);
  }

  #schedule() {
    if (this.#busy || !this.#next) return;
    clearTimeout(this.#timer);
    const wait = this.#next.isDrawing ? this.#notBefore - performance.now() : 0;
    if (wait > 0) this.#timer = setTimeout(() => this.#answerHere(), wait);
    else this.#answerHere();
  }

  async #answerHere() {
    if (this.#busy || !this.#next) return;
    const { content } = this.#next;
    const generation = this.#generation;
    this.#next = null;
    this.#busy = true;
    this.#notBefore = performance.now() + EVERY_MS;
    try {
      const { recognizer, ink } = content();
      const answer = await this.#device.answer(recognizer, ink);
      const adjusted = this.#memory.adjust(answer, this.#recognizers.find(recognizer).unsureBelow);
      if (generation === this.#generation) this.#fire("answer", { ...adjusted, elsewhere: null });
    } catch {
      if (generation === this.#generation) this.#askServer(content);
    } finally {
      this.#busy = false;
      this.#schedule();
    }
  }

  /** The pen rests: ask the server, which knows more, or the other recognizers on this device. */
  async #paused(content) {
    if (this.#signedIn) return this.#askServer(content);
    const { recognizer, ink } = content();
    const generation = this.#generation;
    try {
      const answer = await this.#device.answer(recognizer, ink);
      const elsewhere = await this.#device.findBetter(this.#recognizers.others, ink, answer);
      if (elsewhere && generation === this.#generation && content === this.#last) this.#fire("answer", { ...answer, elsewhere });
    } catch {
      // The worker has stopped: the answer on display stays, and the server answers the next stroke.
    }
  }

  /** If the pen has gone on since the question, this device has a newer answer. */
  #serverAnswered(answer) {
    const isNewest = this.#sent === this.#last && !this.#server.hasMore; // else it is about an earlier question
    if (!this.#answersHere || isNewest) this.#fire("answer", answer);
  }

  /** While this device answers, its answer stands, and only trouble with the account is of interest. */
  #serverSaid(type, detail) {
    const isAboutAccount = type === "trouble" && !detail.error.isPassing;
    this.#isAccountWrong = isAboutAccount || (this.#isAccountWrong && type !== "recovered");
    if (!this.#answersHere || isAboutAccount || type === "recovered") this.#fire(type, detail);
    else this.#server.cancel();
  }

  /** This device has another version than before: answer what is on the sheet again, unless its author said what it is. */
  #answerAgain(recognizer) {
    if (recognizer !== this.#recognizers.current.slug) return;
    this.#memory.use(recognizer);
    if (!this.#isAccountWrong) this.#fire("recovered");
    if (this.#last) this.ask(this.#last);
  }

  #fire(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
