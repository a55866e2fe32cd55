// The page on which somebody deletes their account: what waits on this device is then deleted, too.

import { markDeleted } from "./account.js";

const form = document.querySelector("form[data-delete-account]");
markDeleted(null); // they are still here
form.addEventListener("submit", () => markDeleted(form.dataset.deleteAccount));
