// Lets people close the messages at the top of a page.

for (const button of document.querySelectorAll("[data-close-message]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    button.parentElement.remove();
    document.getElementById("main").focus({ preventScroll: true });
  });
}
