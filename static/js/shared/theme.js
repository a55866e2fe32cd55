// Light or dark, before the first paint: a classic script in the head, so that nothing flashes.
// What the system says is the default and is not stored; only a choice that differs from it is.

(() => {
  const KEY = "inkling.theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;

  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage may be forbidden: then the switch lasts for this page
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

  const ofSystem = () => (system.matches ? "dark" : "light");
  const current = () => root.dataset.theme ?? ofSystem();

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
    const override = wanted === ofSystem() ? null : wanted;
    store(override);
    apply(override);
  });
})();
