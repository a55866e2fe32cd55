// Whose device this is: the account for which the server made the last page that said so. A draw page from the device, which
// is made for nobody, acts for this account.

import { Outbox } from "../draw/outbox.js";
import { forgetSharedPicture } from "./shared_picture.js";
import { inStore, MEMORY } from "../shared/database.js";
import { onDevice, recall, remember } from "../shared/storage.js";

const KEY = "inkling.account";
const DELETED = "inkling.account-deleted"; // the id of an account that is being deleted
const UNCLEARED = "inkling.account-uncleared"; // whether something of the person before may still be here

/** The id of the account; null for nobody. */
export function accountHere() {
  const id = recall(onDevice, KEY);
  return typeof id === "string" ? id : null;
}

/** This account is being deleted: on the first page of somebody else, what waits for it is deleted. Null: none is. */
export function markDeleted(id) {
  remember(onDevice, DELETED, id);
}

/**
 * Null: nobody is signed in. What is here about the person before is deleted, except for drawings that wait for their next
 * sign-in. Resolves when it is done.
 */
export async function setAccountHere(id) {
  const isAnother = accountHere() !== id;
  if (isAnother) {
    remember(onDevice, KEY, null); // if the storage is full, the device is nobody's
    remember(onDevice, UNCLEARED, true); // until it is done: this page may be closed before
    remember(onDevice, KEY, id);
  }
  const deleted = recall(onDevice, DELETED);
  const isGone = typeof deleted === "string" && deleted !== id;
  if (!isAnother && !recall(onDevice, UNCLEARED) && !isGone) return;
  const clearing = [inStore(MEMORY, "readwrite", (store) => store.clear()), forgetSharedPicture()];
  if (isGone) clearing.push(new Outbox(deleted).clear().then(() => markDeleted(null)));
  await Promise.all(clearing).then(() => remember(onDevice, UNCLEARED, null), () => {}); // the next page tries again
}
