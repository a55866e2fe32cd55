// Whose device this is: the account for which the server made the last page that said so. A draw page from the device, which
// is made for nobody, acts for this account.

import { inStore, MEMORY } from "../shared/database.js";
import { onDevice, recall, remember } from "../shared/storage.js";

const KEY = "inkling.account";
const UNCLEARED = "inkling.account-uncleared"; // whether something of the person before may still be here

/** The id of the account; null for nobody. */
export function accountHere() {
  const id = recall(onDevice, KEY);
  return typeof id === "string" ? id : null;
}

/**
 * Null: nobody is signed in. What is here about the person before is deleted, except for drawings that wait for their next
 * sign-in. Resolves when it is done.
 */
export async function setAccountHere(id) {
  if (accountHere() !== id) {
    remember(onDevice, UNCLEARED, true); // until it is done: this page may be closed before
    remember(onDevice, KEY, id);
  }
  if (!recall(onDevice, UNCLEARED)) return;
  const clearing = inStore(MEMORY, "readwrite", (store) => store.clear());
  await clearing.then(() => remember(onDevice, UNCLEARED, null), () => {}); // the next page tries again
}
