// One round: its prompts, one after the other, and what was drawn to each.

export class Round {
  /** What was drawn so far: { label, ink, how, ms, answer, isRight, saving }. `how`: "done", "time" or "skipped". */
  entries = [];

  #prompts;
  #now;
  #began;

  /** `prompts`: the labels that are asked for. */
  constructor(prompts, now = () => performance.now()) {
    this.#prompts = prompts;
    this.#now = now;
    this.#began = now();
  }

  get prompts() {
    return this.#prompts;
  }

  /** The label that is asked for; undefined after the last one. */
  get label() {
    return this.#prompts[this.entries.length];
  }

  get isOver() {
    return this.entries.length >= this.#prompts.length;
  }

  /** Note what was drawn to the prompt, a list of strokes, and go on to the next one. Returns the new entry. */
  finish(ink, how) {
    const now = this.#now();
    const entry = { label: this.label, ink, how: ink.length ? how : "skipped", ms: now - this.#began, answer: null, isRight: false, saving: null };
    this.#began = now;
    this.entries.push(entry);
    return entry;
  }

  /** End it here: what was not asked for yet is left out. */
  end() {
    this.#prompts = this.#prompts.slice(0, this.entries.length);
  }

  get score() {
    const { entries } = this;
    const ms = entries.reduce((sum, each) => sum + each.ms, 0);
    return { right: entries.filter(({ isRight }) => isRight).length, count: entries.length, seconds: Math.round(ms / 1000) };
  }
}

/** Whether this answer is sure that the drawing is the label. */
export const recognises = (answer, label) => Boolean(answer) && !answer.unsure && answer.guesses[0].label === label.slug;
