// The page about one's memory works as plain forms. "Keep" takes away the bar that it stands in: whoever pressed it by key
// goes on at the drawing nearest to it that was chosen.

document.querySelector(".keepsakes")?.addEventListener("reset", ({ target }) => {
  [...target.querySelectorAll(":checked")].at(-1)?.focus({ preventScroll: true });
});
