// allauth tells only the console when a passkey is cancelled or missing; people should be told too.
document.addEventListener("allauth.error", (event) => {
  const trouble = document.getElementById("passkey_trouble");
  if (!trouble) return;
  event.preventDefault();
  trouble.hidden = true; // so that a second failure is announced as well
  requestAnimationFrame(() => { trouble.hidden = false; });
});
