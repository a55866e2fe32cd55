// allauth reports a cancelled or missing passkey only in the console; show a message too.
document.addEventListener("allauth.error", (event) => {
  const trouble = document.getElementById("passkey_trouble");
  if (!trouble) return;
  event.preventDefault();
  trouble.hidden = true; // so that screen readers announce a second failure too
  requestAnimationFrame(() => { trouble.hidden = false; });
});
