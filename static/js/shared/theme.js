// Sets the light or dark theme before the first paint: a classic script in the head, so that nothing flashes.
// Only a choice that differs from the system setting is stored.

(() => {
  const KEY = "inkling.theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;

  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage is blocked: the choice lasts for this page
    }
  };

  const store = (theme) => {
    try {
      if (theme) localStorage.setItem(KEY, theme);
      else localStorage.removeItem(KEY);
    } catch {
      // as above
    }
  };

  const systemTheme = () => (system.matches ? "dark" : "light");
  const current = () => root.dataset.theme ?? systemTheme();

  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.hidden = false;
      button.setAttribute("aria-pressed", String(current() === "dark"));
    }
    dispatchEvent(new CustomEvent("themechange"));
  };

  apply(stored());
  addEventListener("DOMContentLoaded", () => apply(root.dataset.theme));
  addEventListener("storage", (event) => event.key === KEY && apply(event.newValue));
  system.addEventListener("change", () => apply(root.dataset.theme));
  addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-switch]")) return;
    const wanted = current() === "dark" ? "light" : "dark";
    const override = wanted === systemTheme() ? null : wanted;
    store(override);
    apply(override);
  });
})();
