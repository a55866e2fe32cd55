// Starts Swagger UI. This is a file because the content security policy allows no inline scripts.

const place = document.getElementById("swagger-ui");
const root = document.documentElement;

/** Swagger's own dark theme follows the theme of the page. */
function useTheme() {
  const { theme } = root.dataset;
  const isDark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.classList.toggle("dark-mode", isDark);
}

useTheme();
addEventListener("themechange", useTheme);

window.SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  validatorUrl: null, // send no requests to other sites
  requestInterceptor(request) {
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
    if (request.method === "GET" || request.loadSpec) return request;
    request.headers["X-Inkling-Acting-For"] = place.dataset.actingFor;
    if (token) request.headers["X-CSRFToken"] = token;
    return request;
  },
});
