// Personal memory works with plain forms. "Cancel" hides the bar that contains it, so move the focus to the last selected drawing.

document.querySelector(".remembered-drawings")?.addEventListener("reset", ({ target }) => {
  [...target.querySelectorAll(":checked")].at(-1)?.focus({ preventScroll: true });
});
