// A picture instead of ink: dropped on the sheet, pasted, chosen or photographed.

const READABLE = ["image/png", "image/jpeg", "image/webp", "image/bmp"];
const MOST_BYTES = 4 * 1024 * 1024; // the server reads 5 MB; phones take more
const SHRUNK_SIDE = 1600; // pixels

/** Fires "picture" (detail: a Blob) and "refused" (detail: why, the name of a text). */
export class Pictures extends EventTarget {
  #sheet;
  #inputs;
  #address = null; // of the picture on display

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

  #chosen(input) {
    const [file] = input.files;
    input.value = ""; // the same file may be chosen again
    if (file) this.#take(file);
  }

  #pasted(event) {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (!file) return;
    event.preventDefault();
    this.#take(file);
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
    this.#take(file);
  }

  #mark(over) {
    this.#sheet.classList.toggle("dropping", over);
  }

  async #take(file) {
    if (!READABLE.includes(file.type)) return this.#tell("refused", "notAPicture");
    this.#tell("picture", file.size > MOST_BYTES ? await shrink(file).catch(() => file) : file);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** A photograph of many megapixels, made small enough to send. */
async function shrink(file) {
  const full = await createImageBitmap(file);
  const scale = Math.min(1, SHRUNK_SIDE / Math.max(full.width, full.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(full.width * scale);
  canvas.height = Math.round(full.height * scale);
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(full, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture cannot be reduced"))), "image/jpeg", 0.9);
  });
}
