// What Swagger UI lacks for people with screen readers or keyboards: a plugin, and corrections of what it renders.

/** A plugin with a layout that leaves out what the page has already: the main region, the title, the one server. */
export function PartOfPage(system) {
  const { React } = system.getSystem();
  return {
    components: { PartOfPage: layout(React) },
    wrapComponents: {
      // Swagger puts these links into buttons. The address of an open operation is in the address bar.
      DeepLink: () => ({ text }) => React.createElement("span", null, text),
    },
  };
}

const layout = (React) => ({ specSelectors, getComponent }) => {
  const part = (name) => React.createElement("div", { className: "wrapper", key: name }, React.createElement(getComponent(name, true)));
  const isLoaded = Boolean(specSelectors.specStr());
  const names = isLoaded ? ["errors", "AuthorizeBtnContainer", "operations", "Webhooks", "Models"] : ["errors"];
  const heading = React.createElement("h2", { className: "wrapper", key: "heading" }, "Operations");
  const parts = names.flatMap((name) => (name === "operations" ? [heading, part(name)] : [part(name)]));
  return React.createElement("div", { className: "swagger-ui" }, parts);
};

const CORRECTIONS = {
  "pre.microlight": (code) => code.setAttribute("tabindex", "0"), // it scrolls
  ".examples-select-element": (select) => select.setAttribute("aria-label", "Examples"),
  "[data-param-name] :is(input, select, textarea)": (field) =>
    field.setAttribute("aria-label", field.closest("[data-param-name]").dataset.paramName),
  ".close-modal": (button) => button.setAttribute("aria-label", "Close"),
  ".auth-btn-wrapper .authorize": (button) => button.removeAttribute("aria-label"), // it has a text
  ".responses-table": (table) => table.removeAttribute("role"), // a table, not a region
  ".modal-ux-header h3, .models > h4": (heading) => heading.setAttribute("aria-level", "2"),
  ".webhooks h4, .modal-ux h4": (heading) => heading.setAttribute("aria-level", "3"),
};

/** Correct names, roles and levels below `place`, now and after each change. */
export function correctNames(place) {
  const correct = () => {
    for (const [selector, change] of Object.entries(CORRECTIONS)) place.querySelectorAll(selector).forEach(change);
  };
  new MutationObserver(correct).observe(place, { childList: true, subtree: true });
}
