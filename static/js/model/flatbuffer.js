// Reads tables of the FlatBuffers format (https://flatbuffers.dev/internals/), in which `.tflite` files are written.

/** One table. A field that is not in the file has the default that is given. */
export class Table {
  #view;
  #at; // position of the table
  #fields; // position of its list of fields
  #size; // of that list, in bytes

  constructor(view, at) {
    this.#view = view;
    this.#at = at;
    this.#fields = at - view.getInt32(at, true);
    this.#size = view.getUint16(this.#fields, true);
  }

  /** The table that a file begins with. */
  static root(buffer) {
    const view = new DataView(buffer);
    return new Table(view, view.getUint32(0, true));
  }

  int8(field, missing = 0) {
    const at = this.#find(field);
    return at ? this.#view.getInt8(at) : missing;
  }

  int32(field, missing = 0) {
    const at = this.#find(field);
    return at ? this.#view.getInt32(at, true) : missing;
  }

  float32(field, missing = 0) {
    const at = this.#find(field);
    return at ? this.#view.getFloat32(at, true) : missing;
  }

  text(field) {
    return new TextDecoder().decode(this.bytes(field));
  }

  table(field) {
    const at = this.#find(field);
    return at ? new Table(this.#view, this.#follow(at)) : null;
  }

  tables(field) {
    const { start, length } = this.#list(field);
    return Array.from({ length }, (_, i) => new Table(this.#view, this.#follow(start + 4 * i)));
  }

  int32s(field) {
    const { start, length } = this.#list(field);
    return Array.from({ length }, (_, i) => this.#view.getInt32(start + 4 * i, true));
  }

  float32s(field) {
    const { start, length } = this.#list(field);
    return Float32Array.from({ length }, (_, i) => this.#view.getFloat32(start + 4 * i, true));
  }

  bytes(field) {
    const { start, length } = this.#list(field);
    return new Uint8Array(this.#view.buffer, start, length);
  }

  /** The position of a field, or 0. */
  #find(field) {
    const entry = 4 + 2 * field;
    const offset = entry < this.#size ? this.#view.getUint16(this.#fields + entry, true) : 0;
    return offset && this.#at + offset;
  }

  #follow(at) {
    return at + this.#view.getUint32(at, true);
  }

  #list(field) {
    const at = this.#find(field);
    if (!at) return { start: 0, length: 0 };
    const start = this.#follow(at);
    return { start: start + 4, length: this.#view.getUint32(start, true) };
  }
}
