// Large keys for the pick-up code; the phone's own keyboard stays away, a wired scanner types as ever. Eight digits
// are looked up at once.
"use strict";

const DIGITS = 8;
const field = document.getElementById("code");
const keys = document.getElementById("keys");
field.setAttribute("inputmode", "none");

function digitsOf(text) {
  return text.replace(/\D/g, "").slice(0, DIGITS);
}

function show(digits) {
  field.value = digits.length > 4 ? digits.slice(0, 4) + " " + digits.slice(4) : digits;
  if (digits.length === DIGITS) field.form.requestSubmit();
}

keys.addEventListener("click", (event) => {
  const button = event.target.closest("[data-key]");
  if (!button) return;
  const digits = digitsOf(field.value);
  const key = button.dataset.key;
  if (key === "clear") show("");
  else if (key === "back") show(digits.slice(0, -1));
  else if (digits.length < DIGITS) show(digits + key);
});

// What a scanner wrote may be a whole address: only bare digits are sent on by themselves.
field.addEventListener("input", () => {
  if (/^[\d ]{8,9}$/.test(field.value) && digitsOf(field.value).length === DIGITS) show(digitsOf(field.value));
});
