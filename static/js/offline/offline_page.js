// The page that replaces others while there is no connection: opens the page that was asked for when the server answers.

import { accountHere } from "./account.js";
import { removeOthers } from "./page_config.js";

const EVERY_MS = 15_000;
const config = JSON.parse(document.getElementById("config").textContent);

async function tryAgain() {
  try {
    const response = await fetch(config.session, { cache: "no-store" });
    if (response.ok) location.reload();
  } catch {
    // still offline
  }
}

removeOthers(accountHere() ? "person" : "guest");
document.querySelector("[data-again]").addEventListener("click", () => location.reload());
addEventListener("online", tryAgain);
setInterval(() => document.hidden || tryAgain(), EVERY_MS);
