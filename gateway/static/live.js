// Pages that ask for themselves again and again: say so when no answer comes, and leave when the answer is
// another page (the sign-in, after the session has ended).
"use strict";

function sayStale(stale) {
  for (const place of document.querySelectorAll("[data-stale]")) place.hidden = !stale;
}

for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(name, () => sayStale(true));
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, pathInfo } = event.detail;
  if (!xhr.responseURL || xhr.status >= 400) return;
  const asked = new URL(pathInfo.requestPath, location.href).pathname;
  if (new URL(xhr.responseURL).pathname !== asked) {
    event.detail.shouldSwap = false;
    location.reload();
  } else sayStale(false);
});

// A code is shown until another page says that it is over; then go there.
document.addEventListener("htmx:afterSwap", (event) => {
  const place = event.target;
  if (place.dataset && place.dataset.then && place.querySelector("[data-over]")) location.assign(place.dataset.then);
});
