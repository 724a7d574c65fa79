// The console by keyboard: / searches, j and k walk the rows, Enter opens one, Escape shuts what is open.
"use strict";

const links = () => Array.from(document.querySelectorAll("[data-row]"));

function typing(target) {
  return target.matches("input, select, textarea, [contenteditable]");
}

function mark(link) {
  for (const row of document.querySelectorAll("tr[aria-selected]")) row.removeAttribute("aria-selected");
  const row = link.closest("tr");
  if (row) row.setAttribute("aria-selected", "true");
}

function walk(by) {
  const all = links();
  if (!all.length) return;
  const at = all.findIndex((link) => link.closest("tr[aria-selected]"));
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
  mark(next);
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function shut() {
  const panel = document.getElementById("panel");
  if (panel && panel.hasAttribute("data-shuts")) panel.hidden = true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return shut();
  if (typing(event.target)) return;
  if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  } else if (event.key === "j") walk(1);
  else if (event.key === "k") walk(-1);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-row]");
  if (link) mark(link);
  if (event.target.closest("[data-shut]")) shut();
});

// What cannot be undone asks once more, in the words of the button itself.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button && button.dataset.sure && !window.confirm(button.dataset.sure)) event.preventDefault();
});
