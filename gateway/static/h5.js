// What makes phone pages kinder when scripts run; every page does its work without this file too.
"use strict";

document.documentElement.classList.add("js");

// A second press while the first is on its way does nothing; the hidden key makes it harmless anyway.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]") || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  for (const button of buttonsOf(form)) button.setAttribute("aria-busy", "true");
  window.setTimeout(() => release(form), 8000);
});

// Coming back with the phone's own button must find a form that can be pressed again.
window.addEventListener("pageshow", () => document.querySelectorAll("[data-once]").forEach(release));

function release(form) {
  delete form.dataset.sent;
  for (const button of buttonsOf(form)) button.removeAttribute("aria-busy");
}

function buttonsOf(form) {
  return Array.from(form.elements).filter((element) => element.matches("button"));
}

// What was typed survives a reload and a dead network: kept in this tab until it was sent.
const DRAFT_FIELDS = "textarea[name], input[name]:not([type=hidden], [type=password], [type=file], [name=kept_photo])";

function draftKey(form) {
  return "draft:" + location.pathname + ":" + (form.id || form.getAttribute("action") || "");
}

function forgetDraft(form) {
  sessionStorage.removeItem(draftKey(form));
}

function keepDraft(form) {
  const kept = {};
  for (const field of form.querySelectorAll(DRAFT_FIELDS)) {
    if (field.type === "radio" || field.type === "checkbox") {
      if (field.checked) kept[field.name] = field.value;
    } else if (field.value !== field.defaultValue) kept[field.name] = field.value;
  }
  sessionStorage.setItem(draftKey(form), JSON.stringify(kept));
}

function restoreDraft(form) {
  const kept = JSON.parse(sessionStorage.getItem(draftKey(form)) || "{}");
  for (const field of form.querySelectorAll(DRAFT_FIELDS)) {
    if (!(field.name in kept)) continue;
    if (field.type === "radio" || field.type === "checkbox") field.checked = field.value === kept[field.name];
    else field.value = kept[field.name];
  }
}

for (const form of document.querySelectorAll("form[data-draft]")) {
  restoreDraft(form);
  form.addEventListener("input", () => keepDraft(form));
  form.addEventListener("submit", () => forgetDraft(form));
}

// Steppers and the running total beside the big button.
function yuan(fen) {
  return "¥" + (fen / 100).toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ",");
}

function step(input, by) {
  const most = input.max === "" ? 999 : Number(input.max);
  const value = Math.min(most, Math.max(0, (Number(input.value) || 0) + by));
  input.value = String(value);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  if (button) step(button.parentElement.querySelector("input"), Number(button.dataset.step));
});

function addUp(form) {
  let fen = 0;
  let pieces = 0;
  for (const input of form.querySelectorAll("input[data-price-fen]")) {
    const count = Math.max(0, Number(input.value) || 0);
    fen += count * Number(input.dataset.priceFen);
    pieces += count;
    const less = input.parentElement.querySelector("[data-step='-1']");
    if (less) less.disabled = count === 0;
  }
  for (const place of document.querySelectorAll("[data-total]")) place.textContent = yuan(fen);
  for (const place of document.querySelectorAll("[data-pieces]")) place.textContent = String(pieces);
}

for (const form of document.querySelectorAll("form[data-cart]")) {
  form.addEventListener("input", () => addUp(form));
  addUp(form);
}

// What was chosen here goes along to other shops and shelves, as it does with every link of the checkout.
function carry(form) {
  const chosen = Array.from(new FormData(form)).filter(([name, count]) => name.startsWith("q.") && Number(count) > 0);
  for (const link of document.querySelectorAll("a[data-carry]")) {
    const address = new URL(link.href);
    for (const name of Array.from(address.searchParams.keys())) if (name.startsWith("q.")) address.searchParams.delete(name);
    for (const [name, count] of chosen) address.searchParams.set(name, count);
    link.href = address.pathname + address.search;
  }
}

for (const form of document.querySelectorAll("form[data-carries]")) {
  form.addEventListener("input", () => carry(form));
  carry(form);
}

// A form that was refused shows the first place to mend.
document.querySelector("main .field__fault")?.closest("li, fieldset, .field, .goods__sku, p")?.scrollIntoView({ block: "center" });

// A photo that was chosen is shown before it is sent.
document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches("input[type=file][data-preview]") || !input.files[0]) return;
  const image = document.getElementById(input.dataset.preview);
  image.src = URL.createObjectURL(input.files[0]);
  image.hidden = false;
});

// So are several; choosing again shows the new choice.
document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches("input[type=file][data-previews]")) return;
  const place = document.getElementById(input.dataset.previews);
  const inputs = input.form.querySelectorAll("input[type=file][data-previews]");
  const files = Array.from(inputs).flatMap((one) => Array.from(one.files));
  place.replaceChildren(
    ...files.map((file, number) => {
      const image = new Image(96, 96);
      image.alt = `${place.dataset.words} ${number + 1}`;
      image.src = URL.createObjectURL(file);
      return image;
    }),
  );
});

// A split is drawn while its sum is typed; what is no amount, or too much, leaves the last one.
function drawSplit(place, input) {
  const total = Number(place.dataset.totalFen);
  const back = Math.round(Number(input.value) * 100);
  if (!input.value.trim() || !(back >= 0 && back <= total)) return;
  place.querySelector("[data-split-bar]").setAttribute("width", total ? (back * 100) / total : 0);
  place.querySelector("[data-split-back]").textContent = yuan(back);
  place.querySelector("[data-split-rest]").textContent = yuan(total - back);
}

for (const place of document.querySelectorAll("[data-split]")) {
  const input = place.closest("form").elements[place.dataset.split];
  input.addEventListener("input", () => drawSplit(place, input));
  drawSplit(place, input);
}

// A list that is asked again and again rings once for what was not there before.
document.addEventListener("htmx:afterSwap", (event) => {
  const place = event.target;
  if (!place.dataset || !("ring" in place.dataset)) return;
  const before = new Set((place.dataset.seen || "").split(" "));
  const items = Array.from(place.querySelectorAll("[data-item]"));
  const fresh = items.filter((item) => !before.has(item.dataset.item));
  if (place.dataset.seen !== undefined) fresh.forEach((item) => item.classList.add("new"));
  const touched = navigator.vibrate && navigator.userActivation?.hasBeenActive;
  if (place.dataset.seen !== undefined && fresh.length && touched) navigator.vibrate([200, 100, 200]);
  place.dataset.seen = items.map((item) => item.dataset.item).join(" ");
});
