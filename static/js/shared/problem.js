// The error message about the drawing, below the drawing area.

export class Problem {
  #line;

  constructor(line) {
    this.#line = line;
  }

  show(what) {
    this.#line.hidden = false;
    this.#line.querySelector("span").textContent = what;
  }

  settle() {
    this.#line.hidden = true;
  }
}
