// What browsers of the last years lack and a page needs: a classic script in the syntax of 2009, so that every browser runs it.
// docs/browsers.md says which browsers are supported. Modules use no feature that these lack, or ask for it first.

(function () {
  // Menus: `popovertarget` opens them in newer browsers.
  if (!("popover" in document.documentElement)) {
    addEventListener("click", function (event) {
      var button = event.target.closest && event.target.closest("[popovertarget]");
      var menus = document.querySelectorAll("[popover]");
      for (var i = 0; i < menus.length; i++) {
        var opens = button !== null && menus[i].id === button.getAttribute("popovertarget") && !menus[i].classList.contains("open");
        menus[i].classList[opens ? "add" : "remove"]("open");
      }
    });
  }

  // A page that needs its scripts says so if they did not start: they are modules, in the syntax of 2021.
  addEventListener("load", function () {
    var notice = document.querySelector("[data-too-old]");
    if (notice && !document.querySelector("[data-ready], [data-started]")) notice.removeAttribute("hidden");
  });
})();
