// The JavaScript client of the API, for the site's own pages and for other programs. It has the same methods as the
// Python client (clients/python). Programs use a key: new Client({ url: "https://ink.example.org", key: "ink_..." }).
// The site's pages use their session: new Client({ root: "/api/v1/", actingFor: "...", attempts: 1 }).

const TIMEOUT_S = 15;
const PICTURE_TIMEOUT_S = 60; // megabytes over a slow line
const BATCH_ITEMS = 256;
const BATCH_BYTES = 3_900_000; // the site accepts 4 MiB
const BATCH_PICTURES = 30; // the site accepts 60 a minute, so a larger request might never be accepted
const LISTED_GUESSES = 60; // of an answer, unless `top_k` says otherwise
const TEMPORARY = new Set([0, 408, 429, 502, 503, 504]);

/** What `correct` takes instead of a label's slug if no label is right. Slugs have no spaces. */
export const NONE_OF_THESE = "none of these";

/** An error response. `status` is 0 if there was no response; `code` is stable; `requestId` is what the site's log calls it. */
export class ApiError extends Error {
  constructor(status, { code = "", detail = "", field = null, request_id = "" } = {}, retryAfter = 0, requestId = "") {
    super(detail || code || `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.field = field; // the field to blame, or null
    this.retryAfter = retryAfter; // seconds
    this.requestId = request_id || requestId;
  }

  get isOffline() {
    return this.status === 0;
  }

  /** Whether the same request may succeed later. */
  get isPassing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }

  /** Whether somebody else has signed in since the page was made. */
  get isOtherAccount() {
    return this.code === "account_changed";
  }

  get needsSignIn() {
    return this.status === 401 || (this.status === 403 && this.code !== "consent_required");
  }

  /** Whether the same request may succeed later, perhaps after its author has signed in again. */
  get canWait() {
    return this.isPassing || this.needsSignIn || this.isOtherAccount;
  }
}

/**
 * `attempts`: how often a request is sent if failures are temporary. `longest`: the longest wait between, in seconds.
 * `timeout`: after so many seconds an attempt counts as failed; pictures may take longer.
 * `actingFor`: the account for which the site made the page; the server refuses requests of any other.
 * `onLiveVersions`: called with the header `Live-Versions` of each response, like "digits=3, sketches=1".
 */
export class Client {
  #root;
  #key;
  #actingFor;
  #attempts;
  #longest;
  #timeout;
  #onLiveVersions;
  #live = new Map(); // recognizer -> number of its live version, as the last response said
  #models = new Map(); // recognizer -> promise of the model that answers locally

  constructor({ url = "", root = `${url.replace(/\/+$/, "")}/api/v1/`, key = "", actingFor = "", attempts = 4, longest = 60, timeout = TIMEOUT_S, onLiveVersions = null }) {
    this.#root = root;
    this.#key = key;
    this.#actingFor = actingFor;
    this.#attempts = attempts;
    this.#longest = longest;
    this.#timeout = timeout;
    this.#onLiveVersions = onLiveVersions;
  }

  /** `content`: `recognizer`, and `ink` (strokes) or `image` (a Blob), perhaps `top_k`, `threshold`, `as_of`, `keep`, ... */
  predict(content) {
    const fields = content.keep ? { id: newId(), ...content } : content;
    return this.#sendDrawing("predict", "predict/picture", fields, { writes: Boolean(content.keep) });
  }

  /** An answer, or an ApiError, for each of `items` (ink, or data URLs of pictures). */
  async predictBatch({ recognizer, items, ...options }) {
    const found = [];
    for (const part of parts(items)) {
      const { results, ...by } = await this.#send("POST", "predict/batch", { recognizer, items: part, ...options }, { writes: false }).catch((error) => {
        if (part.length > 1 || error.status !== 413) throw error;
        return { results: [{ error }] }; // a single item that is too large; the others still get their answers
      });
      found.push(...results.map(({ index, error, ...answer }) => (error ? toError(error) : { ...by, ...answer })));
    }
    return found;
  }

  /** Feedback on a saved prediction: `{ label }`, `{ correct: true }` or `{ none_of_these: true }`. */
  feedback(prediction, content) {
    return this.#send("POST", `predictions/${prediction}/feedback`, content);
  }

  /** Save a drawing. `content.id` lets the same request be repeated safely; without it, one is made. */
  keep(content, { leaving = false } = {}) {
    return this.#sendDrawing("drawings", "pictures", { id: newId(), ...content }, { keepalive: leaving });
  }

  drawing(id) {
    return this.#send("GET", `drawings/${id}`);
  }

  /**
   * Your drawings, the newest first: for await (const drawing of client.drawings()). Fetches pages as needed.
   * `filters`: `recognizer`, `label`, `corrected`, `since` and `until` (a Date, or a text of ISO 8601).
   */
  drawings(filters = {}) {
    return this.#pages("drawings", { page_size: 100, ...filters });
  }

  /** The picture of a drawing that was sent as one. */
  image(id) {
    return this.#send("GET", `drawings/${id}/image`, undefined, { as: "blob" });
  }

  delete(id) {
    return this.#send("DELETE", `drawings/${id}`);
  }

  /** `label` is a slug, or NONE_OF_THESE. `origin`: "round" if a round asked for this label. */
  correct(id, label, { origin = null } = {}) {
    if (label === NONE_OF_THESE) return this.markNoneOfThese(id);
    return this.#send("PUT", `drawings/${id}/correction`, { label, ...(origin && { origin }) });
  }

  /** Say that no label is right. */
  markNoneOfThese(id) {
    return this.#send("PUT", `drawings/${id}/correction`, { none_of_these: true });
  }

  takeBack(id) {
    return this.#send("DELETE", `drawings/${id}/correction`);
  }

  async recognizers() {
    return (await this.#send("GET", "recognizers")).results;
  }

  /** The labels of a recognizer with further names and codes, each like `{ slug, glyph, name, names, codes: { latex, typst, unicode, html } }`. */
  async labels(recognizer) {
    return (await this.#send("GET", `recognizers/${encodeURIComponent(recognizer)}/labels`)).results;
  }

  versions(recognizer) {
    return this.#pages(`recognizers/${encodeURIComponent(recognizer)}/versions`);
  }

  /** `{ content, etag, version }`; null if the model still has this `etag`. */
  downloadModel(recognizer, { version = null, etag = "" } = {}) {
    const where = version === null ? "" : `/versions/${version}`;
    const headers = etag ? { "If-None-Match": etag } : {};
    return this.#send("GET", `recognizers/${encodeURIComponent(recognizer)}${where}/model.tflite`, undefined, { as: "model", headers });
  }

  /**
   * Answer ink here, with the recognizer's own model: `content` has `recognizer`, `ink`, perhaps `top_k` and `threshold`.
   * The model is downloaded once and checked, and again when a later response names another live version. No key is
   * needed. Throws what `model/load.js` throws, for example for a model that needs a newer release of this client.
   */
  async predictLocally({ recognizer, ink, top_k = null, threshold = null }) {
    const model = await this.#localModel(recognizer);
    const answer = model.answer(ink);
    if (threshold !== null) answer.unsure = answer.guesses[0].probability < threshold;
    answer.guesses = answer.guesses.slice(0, top_k ?? LISTED_GUESSES);
    return answer;
  }

  async #localModel(recognizer) {
    const model = await this.#models.get(recognizer);
    const live = this.#live.get(recognizer);
    if (model && (live === undefined || live === model.about.model_version)) return model;
    const { loadModel } = await import("./model/load.js"); // not every page of the site needs it
    const read = (path, as, { fresh }) => this.#send("GET", path, undefined, { as, ...(fresh && { cache: "reload" }) });
    const loading = loadModel(read, recognizer);
    this.#models.set(recognizer, loading);
    return loading.catch((error) => {
      this.#models.delete(recognizer);
      throw error;
    });
  }

  usage() {
    return this.#pages("usage");
  }

  /** Only the cursor of `next` is used: the key must not be sent to another address than the site's. */
  async *#pages(path, filters = {}) {
    const params = toParams(filters);
    for (;;) {
      const query = params.toString();
      const { results, next } = await this.#send("GET", query ? `${path}?${query}` : path);
      yield* results;
      if (!next) return;
      params.set("cursor", new URL(next).searchParams.get("cursor"));
    }
  }

  /** A picture is the body of a request to a path of its own, and its other fields are in the query string. */
  #sendDrawing(path, picturePath, content, options) {
    if (!(content.image instanceof Blob)) return this.#send("POST", path, content, options);
    const { image, ...fields } = content;
    return this.#send("POST", `${picturePath}?${toParams(fields)}`, image, options);
  }

  /** All attempts of a write have the same idempotency key, so that it runs once. */
  async #send(method, path, content, { as = "json", headers = {}, writes = method !== "GET", ...options } = {}) {
    const attempts = options.keepalive ? 1 : this.#attempts;
    const idempotency = writes && attempts > 1 ? { "Idempotency-Key": newId() } : {};
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#fetch(method, path, content, as, { ...headers, ...idempotency }, options);
      } catch (error) {
        const wait = this.#wait(error, attempt, attempts);
        if (wait === null) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      }
    }
  }

  /** Seconds until the next attempt; null if there is none. */
  #wait(error, attempt, attempts) {
    const passes = error instanceof ApiError && (TEMPORARY.has(error.status) || error.code === "idempotency_in_progress");
    if (!passes || attempt >= attempts || error.retryAfter > this.#longest) return null;
    const share = 0.5 + Math.random() / 2;
    return error.retryAfter ? error.retryAfter + share / 2 : Math.min(this.#longest, 2 ** (attempt - 2)) * share;
  }

  async #fetch(method, path, content, as, more, options) {
    const headers = { Accept: as === "json" ? "application/json" : "*/*", ...this.#credentials(method), ...more };
    const body = toBody(content, headers);
    let response;
    try {
      const signal = options.keepalive ? undefined : abortAfter(this.#deadline(content) * 1000);
      const credentials = this.#key ? "omit" : "same-origin";
      response = await fetch(this.#root + path, { method, headers, body, signal, credentials, ...options });
      this.#noteLiveVersions(response.headers.get("Live-Versions") ?? "");
      return await read(response, as);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw new ApiError(0, { code: "no_answer", detail: error.message });
    }
  }

  #noteLiveVersions(header) {
    if (!header) return;
    for (const [recognizer, number] of header.split(",").map((part) => part.trim().split("="))) this.#live.set(recognizer, Number(number));
    this.#onLiveVersions?.(header);
  }

  #deadline(content) {
    return content instanceof Blob ? Math.max(this.#timeout, PICTURE_TIMEOUT_S) : this.#timeout;
  }

  #credentials(method) {
    if (this.#key) return { Authorization: `Bearer ${this.#key}` };
    if (typeof document === "undefined") return {}; // not every program has a page
    const token = method !== "GET" && { "X-CSRFToken": csrfToken() }; // pages of other sites read without it
    return { ...token, ...(this.#actingFor && { "X-Inkling-Acting-For": this.#actingFor }) };
  }
}

/** The fields that are given, as a query string. */
function toParams(fields) {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  return new URLSearchParams(given.map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]));
}

async function read(response, as) {
  if (as === "model" && response.status === 304) return null;
  if (!response.ok) {
    const data = await response.json().catch(() => null);
    const { headers } = response;
    throw new ApiError(response.status, data ?? {}, Number(headers.get("Retry-After")) || 0, headers.get("X-Request-Id") ?? "");
  }
  if (as === "blob") return response.blob();
  if (as === "buffer") return response.arrayBuffer();
  if (as === "json") return response.status === 204 ? null : response.json();
  const version = Number(response.headers.get("Model-Version")) || null;
  return { content: await response.arrayBuffer(), etag: response.headers.get("ETag"), version };
}

/** `Retry-After` is a number of seconds or a date; 0 without it. */
export function secondsUntil(value) {
  const seconds = Number(value ?? 0);
  if (!Number.isNaN(seconds)) return Math.max(0, seconds);
  return Math.max(0, (Date.parse(value) - Date.now()) / 1000) || 0;
}

/** Read each time: it changes when the person signs in in another tab. */
export function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}

/** The items of each request, as many as the site accepts. */
function* parts(items) {
  let part = [], size = 0, pictures = 0;
  for (const drawn of items) {
    const picture = typeof drawn === "string" ? 1 : 0;
    const item = picture ? { image: drawn } : { ink: drawn };
    const weight = JSON.stringify(item).length + 1;
    const full = part.length === BATCH_ITEMS || size + weight > BATCH_BYTES || pictures + picture > BATCH_PICTURES;
    if (part.length && full) {
      yield part;
      [part, size, pictures] = [[], 0, 0];
    }
    part.push(item);
    size += weight;
    pictures += picture;
  }
  if (part.length) yield part;
}

function toError(error) {
  return error instanceof ApiError ? error : new ApiError(error.code === "internal_error" ? 500 : 400, error);
}

/** A picture as it is, JSON for everything else. */
function toBody(content, headers) {
  if (content === undefined) return undefined;
  headers["Content-Type"] = content instanceof Blob ? "application/octet-stream" : "application/json";
  return content instanceof Blob ? content : JSON.stringify(content);
}

/** A signal for `fetch` that gives up after this time. Safari before version 16 has no AbortSignal.timeout. */
export function abortAfter(milliseconds) {
  if (AbortSignal.timeout) return AbortSignal.timeout(milliseconds);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), milliseconds);
  return controller.signal;
}

/** A version 4 UUID. Pages without HTTPS have no crypto.randomUUID. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
