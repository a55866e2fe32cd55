// Reads a `.tflite` file: its tensors and the operations between them. Numbers and names are those of TensorFlow Lite's
// schema (schema.fbs).

import { Table } from "./flatbuffer.js";

const TYPES = { 0: "float32", 2: "int32", 9: "int8" };

/** A file that is no model, or one with something that this code does not know. The server can answer with it. */
export class UnknownModelError extends Error {
  name = "UnknownModelError";
}

const activation = (options, field) => {
  const name = { 0: "none", 1: "relu" }[options?.int8(field) ?? 0];
  if (!name) throw new UnknownModelError(`activation ${options.int8(field)} is not known`);
  return name;
};
const padding = (options) => (options.int8(0) === 0 ? "same" : "valid");
const strides = (options) => [options.int32(2), options.int32(1)]; // rows, columns

/** By number in the schema: the name of an operation, and how its options are read. */
const OPERATIONS = {
  0: ["add", (options) => ({ activation: activation(options, 0) })],
  3: ["convolution", (options) => ({
    padding: padding(options),
    strides: strides(options),
    activation: activation(options, 3),
    dilated: options.int32(4, 1) !== 1 || options.int32(5, 1) !== 1,
  })],
  9: ["dense", (options) => ({ activation: activation(options, 0) })],
  17: ["maxPooling", (options) => ({
    padding: padding(options),
    strides: strides(options),
    window: [options.int32(4), options.int32(3)],
    activation: activation(options, 5),
  })],
  18: ["multiply", (options) => ({ activation: activation(options, 0) })],
  22: ["reshape", () => ({})],
  25: ["softmax", (options) => ({ beta: options.float32(0, 1) })],
  40: ["mean", () => ({})],
};

/**
 * The network in a file (an ArrayBuffer): `{ tensors, operations, input, outputs }`. A tensor is `{ shape, type, data,
 * scales }`, with `data` null where it is computed; an operation `{ name, options, inputs, outputs }` with the numbers
 * of tensors; `outputs` the numbers of the tensors by name. Throws UnknownModelError.
 */
export function readModel(buffer) {
  return orUnknown(() => read(buffer));
}

/** The result of `work`. A model that does not fit together fails somewhere in it, and is then one that is not known. */
export function orUnknown(work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw new UnknownModelError(`the file cannot be read: ${error.message}`);
    throw error;
  }
}

function read(buffer) {
  const model = Table.root(buffer);
  const [graph, ...others] = model.tables(2);
  const [signature] = model.tables(7);
  if (!graph || others.length || !signature) throw new UnknownModelError("not one graph with a signature");
  const buffers = model.tables(4);
  const codes = model.tables(1).map((code) => Math.max(code.int8(0), code.int32(3)));
  const byName = (maps) => Object.fromEntries(maps.map((map) => [map.text(0), map.int32(1)]));
  return {
    tensors: graph.tables(0).map((tensor) => readTensor(tensor, buffers)),
    operations: graph.tables(3).map((operator) => readOperation(operator, codes)),
    input: graph.int32s(1)[0],
    outputs: byName(signature.tables(1)),
  };
}

function readTensor(tensor, buffers) {
  const type = TYPES[tensor.int8(1)];
  if (!type) throw new UnknownModelError(`numbers of type ${tensor.int8(1)} are not known`);
  const bytes = buffers[tensor.int32(2)].bytes(0);
  const quantization = tensor.table(4);
  const scales = quantization?.float32s(2);
  if (scales?.length > 1 && quantization.int32(6) !== 0) throw new UnknownModelError("the scales belong to another axis");
  return { shape: tensor.int32s(0), type, data: bytes.length ? toNumbers(bytes, type) : null, scales: scales?.length ? scales : null };
}

/** A copy: the numbers of a file need not lie where an array of them could begin. */
function toNumbers(bytes, type) {
  const { buffer } = bytes.slice();
  return new { float32: Float32Array, int32: Int32Array, int8: Int8Array }[type](buffer);
}

function readOperation(operator, codes) {
  const code = codes[operator.int32(0)];
  const known = OPERATIONS[code];
  if (!known) throw new UnknownModelError(`operation ${code} is not known`);
  const [name, readOptions] = known;
  return { name, options: readOptions(operator.table(4)), inputs: operator.int32s(1), outputs: operator.int32s(2) };
}
