// Runs models beside the page, so that drawing never waits for them. The page's half is `device.js`.

import { findBetter } from "./better.js";
import { loadModel } from "./load.js";

const models = new Map(); // "recognizer/version/sha256" -> LocalModel; numbers can begin anew, with another database

const nameOf = ({ recognizer, version, sha256 }) => `${recognizer}/${version}/${sha256}`;

const calls = {
  async load({ root, recognizer, version, sha256 }) {
    const model = await loadModel((path, as, options) => read(root + path, as, options), recognizer, { version, expected: sha256 });
    models.set(nameOf({ recognizer, version, sha256 }), model);
  },

  answer({ model, ink }) {
    return models.get(nameOf(model)).answer(ink);
  },

  /** Whether one of `others` is far surer than the answer that was given. */
  better({ others, ink, answer }) {
    return findBetter(others.map((each) => models.get(nameOf(each)).answer(ink)), answer);
  },

  drop(model) {
    models.delete(nameOf(model));
  },
};

/** The one place that gets files of a model, so that a cache of the page can give them without a network. */
async function read(address, as, { fresh }) {
  const response = await fetch(address, { credentials: "omit", cache: fresh ? "reload" : "default" });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return as === "json" ? response.json() : response.arrayBuffer();
}

addEventListener("message", async ({ data: { id, call, ...values } }) => {
  try {
    postMessage({ id, result: await calls[call](values) });
  } catch (error) {
    postMessage({ id, error: { name: error.name, message: error.message } });
  }
});
