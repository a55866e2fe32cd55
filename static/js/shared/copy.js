// Copy buttons.

import { copy } from "./clipboard.js";

for (const row of document.querySelectorAll("[data-copying]")) {
  const button = row.querySelector("[data-copy]");
  const status = row.querySelector("[role=status]");
  row.hidden = false;
  button.addEventListener("click", async () => {
    const isCopied = await copy(document.getElementById(button.dataset.copy).textContent.trim());
    status.textContent = isCopied ? status.dataset.textCopied : status.dataset.textFailed;
  });
}
