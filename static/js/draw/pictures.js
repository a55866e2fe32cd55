// A picture instead of ink: dropped on the sheet, pasted, chosen or photographed.

import { PictureError, toSend } from "./picture_file.js";

/** Fires "picture" (detail: a Blob) and "refused" (detail: why, the name of a text). */
export class Pictures extends EventTarget {
  #sheet;
  #inputs;
  #address = null; // of the picture on display
  #taken = 0; // files so far; a large one takes a moment, and the last one counts

  constructor(sheet, inputs) {
    super();
    this.#sheet = sheet;
    this.#inputs = inputs;
  }

  connect() {
    for (const input of this.#inputs) input.addEventListener("change", () => this.#chosen(input));
    addEventListener("paste", (event) => this.#pasted(event));
    addEventListener("dragover", (event) => this.#over(event));
    addEventListener("dragleave", (event) => event.relatedTarget || this.#mark(false));
    addEventListener("drop", (event) => this.#dropped(event));
  }

  /** Show a picture on the sheet, or none. */
  show(picture) {
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#address = picture && URL.createObjectURL(picture);
    const image = this.#sheet.querySelector("[data-picture]");
    image.hidden = !picture;
    if (picture) image.src = this.#address;
  }

  /** Read this file; it is placed on the sheet. `isShared`: another program gave it, so nobody here has chosen it yet. */
  async take(file, { isShared = false } = {}) {
    const number = ++this.#taken;
    const busy = this.#sheet.querySelector("[data-reading]");
    busy.hidden = false;
    const refuse = (error) => ["refused", error instanceof PictureError ? error.why : "notAPicture"];
    const outcome = await toSend(file).then((picture) => ["picture", Object.assign(picture, { isShared })], refuse);
    if (number !== this.#taken) return;
    busy.hidden = true;
    this.#tell(...outcome);
  }

  #chosen(input) {
    const [file] = input.files;
    input.value = ""; // the same file may be chosen again
    if (file) this.take(file);
  }

  #pasted(event) {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (!file) return;
    event.preventDefault();
    this.take(file);
  }

  #over(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    this.#mark(true);
  }

  #dropped(event) {
    this.#mark(false);
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    this.take(file);
  }

  #mark(over) {
    this.#sheet.classList.toggle("dropping", over);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
