// The public API, spoken to like any other client does; with the session it also knows who asks.

const TIMEOUT_MS = 15_000;

/** An answer that is not the one hoped for. `status` is 0 when there was none at all. */
export class ApiError extends Error {
  constructor(status, { code = "", detail = "" } = {}, retryAfter = 0) {
    super(detail || code || `HTTP ${status}`);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.retryAfter = retryAfter; // seconds
  }

  get isOffline() {
    return this.status === 0;
  }

  /** The same request may succeed later. */
  get isPassing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }

  get needsSignIn() {
    return this.status === 401 || (this.status === 403 && this.code !== "consent_required");
  }
}

export class Api {
  #root;

  constructor(root) {
    this.#root = root;
  }

  predict(content) {
    return this.#send("POST", "predict", content);
  }

  /** Keep a drawing; `content.id` makes a repeated request harmless. */
  keep(content, { leaving = false } = {}) {
    return this.#send("POST", "drawings", content, { keepalive: leaving });
  }

  read(id) {
    return this.#send("GET", `drawings/${id}`);
  }

  delete(id) {
    return this.#send("DELETE", `drawings/${id}`);
  }

  correct(id, label) {
    return this.#send("PUT", `drawings/${id}/correction`, { label });
  }

  takeBack(id) {
    return this.#send("DELETE", `drawings/${id}/correction`);
  }

  async #send(method, path, content, options = {}) {
    const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
    const body = toBody(content, headers);
    let response;
    try {
      const signal = options.keepalive ? undefined : AbortSignal.timeout(TIMEOUT_MS);
      response = await fetch(this.#root + path, { method, headers, body, signal, ...options });
    } catch (error) {
      throw new ApiError(0, { code: "no_answer", detail: error.message });
    }
    const data = await response.json().catch(() => null);
    if (!response.ok) throw new ApiError(response.status, data ?? {}, Number(response.headers.get("Retry-After")) || 0);
    return data;
  }
}

/** Read anew each time: signing in elsewhere gives the browser another one. */
function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}

/** Pictures travel as a form, everything else as JSON. */
function toBody(content, headers) {
  if (content === undefined) return undefined;
  if (!(content.image instanceof Blob)) {
    headers["Content-Type"] = "application/json";
    return JSON.stringify(content);
  }
  const form = new FormData();
  for (const [name, value] of Object.entries(content)) form.append(name, value);
  return form;
}
