// Needs Node.js 18 or newer. Save it as verify.mjs.
import { createHmac, timingSafeEqual } from "node:crypto";

/** Returns the event, or throws. `body` is the raw body of the request, a Buffer. */
export function verify(secret, headers, body) {
  const event = headers["webhook-id"], sent = headers["webhook-timestamp"];
  if (Math.abs(Date.now() / 1000 - Number(sent)) > 300) throw new Error("too old: it may be a replayed request");
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = Buffer.from("v1," + createHmac("sha256", key).update(`${event}.${sent}.`).update(body).digest("base64"));
  const isOurs = (text) => text.length === expected.length && timingSafeEqual(Buffer.from(text), expected);
  if (!headers["webhook-signature"].split(" ").some(isOurs)) throw new Error("not signed with this secret");
  return JSON.parse(body);
}
