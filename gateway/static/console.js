// The console by keyboard: / searches, j and k walk the rows, Enter opens one, Escape shuts what is open.
"use strict";

const links = () => Array.from(document.querySelectorAll("[data-row]"));

// On a phone the menu is one row: the page that one is on must be seen in it.
const present = document.querySelector(".menu nav [aria-current]");
if (present) present.scrollIntoView({ block: "nearest", inline: "center" });

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

// Print this page.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

// Ticked rows are counted and summed while one ticks; the words come from the page.
function sumTicked(form) {
  const ticked = Array.from(form.querySelectorAll("[data-fen]:checked"));
  const fen = ticked.reduce((sum, box) => sum + Number(box.dataset.fen), 0);
  const yuan = `¥${Math.floor(fen / 100).toLocaleString("en-US")}.${String(fen % 100).padStart(2, "0")}`;
  form.querySelector("[data-sum-place]").textContent = form.dataset.sum.replace("{n}", ticked.length).replace("{sum}", yuan);
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-sum]");
  if (form) sumTicked(form);
});

// What cannot be undone asks once more, in the words of the button itself.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button && button.dataset.sure && !window.confirm(button.dataset.sure)) event.preventDefault();
});

// A sum in two parts: each field follows the other, the bar follows both. Without scripts only the first is asked.
function partsOf(form) {
  const total = Number(form.dataset.parts);
  const place = form.querySelector("[data-parts-rest]");
  const [back, rest] = [form.elements.amount, place.querySelector("input")];
  const bar = form.querySelector("[data-parts-bar]");
  const fenOf = (field) => (/^\d+(\.\d{1,2})?$/.test(field.value.trim()) ? Math.round(Number(field.value) * 100) : null);
  const yuanOf = (fen) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;
  const follow = (from, to) => {
    const fen = fenOf(from);
    const fits = fen !== null && fen <= total;
    from.setCustomValidity(from.value.trim() && !fits ? `0 – ${yuanOf(total)}` : "");
    to.setCustomValidity("");
    if (fits) to.value = yuanOf(total - fen);
    const given = fenOf(back);
    bar.setAttribute("width", given === null || !total ? 0 : Math.min(1000, Math.round((given * 1000) / total)));
  };
  back.addEventListener("input", () => follow(back, rest));
  rest.addEventListener("input", () => follow(rest, back));
  for (const fill of form.querySelectorAll("[data-parts-fill]")) {
    fill.addEventListener("click", () => {
      back.value = yuanOf(Number(fill.dataset.partsFill));
      follow(back, rest);
    });
  }
  place.hidden = false;
  form.querySelector("[data-parts-fills]").hidden = false;
  if (back.value) follow(back, rest);
}

for (const form of document.querySelectorAll("form[data-parts]")) partsOf(form);
