// A button that copies what stands beside it; where browsers do not let us, it is not there and one selects by hand.

for (const row of document.querySelectorAll("[data-copying]")) {
  const button = row.querySelector("[data-copy]");
  const said = row.querySelector("[role=status]");
  row.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
      said.textContent = said.dataset.textCopied;
    } catch {
      said.textContent = said.dataset.textFailed;
    }
  });
}
