// Downloads a model version and checks it before it answers: its checksum, its operations, and its answers to the golden
// vectors.

import { LocalModel, RefusedModelError } from "./local_model.js";
import { sha256 } from "./sha256.js";

/**
 * `read(path, as, { fresh })` gets a path of the API as "json" or "buffer"; `fresh`: not from a cache. Without `version`
 * it is the live one. `expected`: its SHA-256, if known. Throws UnknownModelError, RefusedModelError and what `read` throws.
 */
export async function loadModel(read, recognizer, { version = null, expected = null } = {}) {
  try {
    return await load((path, as) => read(path, as, { fresh: false }), recognizer, version, expected);
  } catch {
    // Perhaps only a copy in a cache is damaged, of an older release, or of another database, whose numbers began anew.
    return load((path, as) => read(path, as, { fresh: true }), recognizer, version, expected);
  }
}

async function load(read, recognizer, version, expected) {
  const root = `recognizers/${encodeURIComponent(recognizer)}`;
  const about = await read(version === null ? `${root}/model` : `${root}/versions/${version}/model`, "json");
  if (expected !== null && about.sha256 !== expected) throw new RefusedModelError("the site serves another file");
  const path = `${root}/versions/${about.model_version}`;
  const [file, vectors] = await Promise.all([read(`${path}/model.tflite`, "buffer"), read(`${path}/vectors`, "json")]);
  if ((await sha256(file)) !== about.sha256) throw new RefusedModelError("the file is damaged: its SHA-256 differs");
  const model = new LocalModel(about, file);
  await model.check(vectors);
  return model;
}
