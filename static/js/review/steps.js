// Sends the forms of the review page: the same addresses and fields, answered with JSON.

import { abortAfter, csrfToken, secondsUntil } from "../api.js";

const TIMEOUT_MS = 15_000;

/** A form that was not accepted. `kind`: refused (`detail` says why), offline, serverError, signedOut, otherAccount or outOfDate. */
export class StepError extends Error {
  constructor(kind, detail = "", retryAfter = 0) {
    super(detail || kind);
    this.kind = kind;
    this.detail = detail;
    this.retryAfter = retryAfter; // seconds
  }

  /** Whether the same form can be accepted later. */
  get isPassing() {
    return this.kind === "offline" || this.kind === "serverError";
  }
}

/** `fields` is a list of [name, value]. Returns the JSON of the answer. */
export async function send(address, fields, { leaving = false } = {}) {
  const response = await ask(address, fields, leaving);
  if (response.type === "opaqueredirect") throw new StepError("signedOut");
  if (response.status === 403) throw new StepError("outOfDate"); // a CSRF token of another session
  if (response.status >= 500 || response.status === 429) throw new StepError("serverError", "", secondsUntil(response.headers.get("Retry-After")));
  const data = await response.json().catch(() => null);
  if (data?.code === "account_changed") throw new StepError("otherAccount");
  if (!response.ok) throw new StepError("refused", data?.detail ?? "");
  return data;
}

async function ask(address, fields, leaving) {
  const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
  const signal = leaving ? undefined : abortAfter(TIMEOUT_MS);
  const body = new URLSearchParams(fields);
  try {
    return await fetch(address, { method: "POST", headers, body, signal, redirect: "manual", keepalive: true });
  } catch (error) {
    throw new StepError("offline", error.message);
  }
}
