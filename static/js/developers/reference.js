// Starts Swagger UI. This is a file because the content security policy allows no inline scripts.

import { correctNames, PartOfPage } from "./reference_access.js";

const place = document.getElementById("swagger-ui");
const root = document.documentElement;
const systemTheme = matchMedia("(prefers-color-scheme: dark)");
const HAS_DARK_THEME = CSS.supports("color", "light-dark(#000, #fff)"); // as static/css/tokens.css

/** Swagger's own dark theme follows the theme of the page. */
function useTheme() {
  const { theme } = root.dataset;
  const isDark = theme ? theme === "dark" : systemTheme.matches;
  root.classList.toggle("dark-mode", isDark && HAS_DARK_THEME);
}

useTheme();
addEventListener("themechange", useTheme);
correctNames(place);

window.SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  presets: [window.SwaggerUIBundle.presets.apis],
  plugins: [PartOfPage],
  layout: "PartOfPage",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  syntaxHighlight: { theme: "obsidian" }, // the usual one has pale numbers
  validatorUrl: null, // send no requests to other sites
  requestInterceptor(request) {
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
    if (request.method === "GET" || request.loadSpec) return request;
    request.headers["X-Inkling-Acting-For"] = place.dataset.actingFor;
    if (token) request.headers["X-CSRFToken"] = token;
    return request;
  },
});
