// Signing out while drawings wait on this device: their author says what becomes of them. Whatever the answer, what the
// device knows of this person is then deleted, except for drawings that wait for the next sign-in.

import { Client } from "../api.js";
import { Outbox } from "../draw/outbox.js";
import { Uploader } from "../draw/uploader.js";
import { integer } from "../shared/texts.js";
import { setAccountHere } from "./account.js";

const WAIT_MS = 1500; // the form is sent, even if the device does not answer

const question = document.querySelector("[data-waiting]");
const config = JSON.parse(document.getElementById("sign-out-config").textContent);
const outbox = new Outbox(config.actingFor);
const uploader = new Uploader(new Client({ root: config.api, actingFor: config.actingFor, attempts: 1 }), outbox);
let form = null; // that was submitted

async function asked(event) {
  if (form) return; // it goes on
  event.preventDefault();
  form = event.target;
  const count = (await atMost(outbox.items(), [])).filter(({ drop }) => !drop).length;
  if (!count) return leave();
  question.querySelector("[data-count]").textContent = integer(count);
  question.showModal();
}

const answers = {
  async send() {
    setBusy(true);
    await uploader.uploadAll();
    setBusy(false);
    if (!uploader.waiting.count) return leave();
    question.querySelector("[data-failed]").hidden = false;
  },
  keep: () => leave(),
  async delete() {
    await outbox.clear().catch(() => {}); // without a database there is nothing in it
    await leave();
  },
  cancel: () => question.close(),
};

async function leave() {
  if (!form) return; // the question was closed meanwhile: the person stays
  await atMost(setAccountHere(null));
  form?.submit();
}

function atMost(work, otherwise = null) {
  return Promise.race([work, new Promise((resolve) => setTimeout(resolve, WAIT_MS, otherwise))]);
}

function setBusy(busy) {
  for (const button of question.querySelectorAll("button")) button.disabled = busy;
}

for (const each of document.querySelectorAll("form[data-sign-out]")) each.addEventListener("submit", asked);
question.addEventListener("click", ({ target }) => answers[target.closest("[data-answer]")?.dataset.answer]?.());
question.addEventListener("close", () => (form = null));
