// Downloads a model version and checks it before it answers: its checksum, its operations, and its answers to the golden
// vectors.

import { LocalModel, RefusedModelError } from "./local_model.js";
import { sha256 } from "./sha256.js";

/**
 * `read(path, as, { fresh })` gets a path of the API as "json" or "buffer"; `fresh`: not from a cache. Without `version`
 * it is the live one. `expected`: its SHA-256, if known. Throws UnknownModelError, RefusedModelError and what `read` throws.
 */
export async function loadModel(read, recognizer, { version = null, expected = null } = {}) {
  const root = `recognizers/${encodeURIComponent(recognizer)}`;
  const find = (fresh) => read(version === null ? `${root}/model` : `${root}/versions/${version}/model`, "json", { fresh });
  let about = await find(false);
  const isStale = expected !== null && about.sha256 !== expected; // the numbers began anew, with another database
  if (isStale) about = await find(true);
  if (expected !== null && about.sha256 !== expected) throw new RefusedModelError("the site serves another file");
  const path = `${root}/versions/${about.model_version}`;
  const isWhole = async (buffer) => (await sha256(buffer)) === about.sha256;
  const readFile = (fresh) => read(`${path}/model.tflite`, "buffer", { fresh });
  const [first, vectors] = await Promise.all([
    readFile(isStale),
    read(`${path}/vectors`, "json", { fresh: isStale }),
  ]);
  const file = (await isWhole(first)) ? first : await readFile(true); // perhaps only the copy in the cache is damaged
  if (file !== first && !(await isWhole(file))) throw new RefusedModelError("the file is damaged: its SHA-256 differs");
  const model = new LocalModel(about, file);
  await model.check(vectors);
  return model;
}
