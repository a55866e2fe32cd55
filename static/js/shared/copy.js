// Copy buttons; hidden where the browser does not allow copying.

for (const row of document.querySelectorAll("[data-copying]")) {
  const button = row.querySelector("[data-copy]");
  const status = row.querySelector("[role=status]");
  row.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
      status.textContent = status.dataset.textCopied;
    } catch {
      status.textContent = status.dataset.textFailed;
    }
  });
}
