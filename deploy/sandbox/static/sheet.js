// Inside the layer over a page: tells the page how the payment ended.
// Loaded before the body, so that no tap comes too early.
(function () {
  "use strict";
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-result]");
    if (!button) return;
    event.preventDefault();
    window.parent.postMessage({ sandboxPay: button.dataset.result }, "*");
  });
})();
