// The desk: rings, says and shows in the title that an order has come in, and asks at once when the page is looked at
// again. Without this file the page is read by its refresh link.
"use strict";

const SOUND = "desk-sound";
const box = document.getElementById("desk-box");
const sound = document.getElementById("sound");
const said = document.getElementById("desk-said");
const plainTitle = document.title.replace(/^\(\d+\) /, "");
let audio = null;
let pressed = false;

function wantsSound() {
  return localStorage.getItem(SOUND) === "1";
}

// Phones let a page sound only after it was touched: the first touch opens the way.
function openAudio() {
  audio = audio || new (window.AudioContext || window.webkitAudioContext)();
  if (audio.state === "suspended") audio.resume();
}

function note(at, pitch) {
  const tone = audio.createOscillator();
  const loud = audio.createGain();
  tone.frequency.value = pitch;
  loud.gain.setValueAtTime(0.0001, at);
  loud.gain.exponentialRampToValueAtTime(0.6, at + 0.02);
  loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.45);
  tone.connect(loud).connect(audio.destination);
  tone.start(at);
  tone.stop(at + 0.5);
}

function chime() {
  if (!wantsSound() || !audio) return;
  const start = audio.currentTime + 0.02;
  [0, 0.25, 0.5, 1.1, 1.35, 1.6].forEach((after, i) => note(start + after, [784, 988, 1175][i % 3]));
}

function showSwitch() {
  sound.setAttribute("aria-pressed", String(wantsSound()));
}

sound.addEventListener("click", () => {
  localStorage.setItem(SOUND, wantsSound() ? "0" : "1");
  showSwitch();
  openAudio();
  chime();
});

// Nothing moves away from under a finger: while one is down, what has come is shown two seconds later.
document.addEventListener("pointerdown", () => {
  pressed = true;
  if (wantsSound()) openAudio();
});
for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(name, () => {
    pressed = false;
  });
}
window.addEventListener("pageshow", () => {
  pressed = false;
});
box.addEventListener("htmx:beforeSwap", (event) => {
  if (pressed) event.detail.shouldSwap = false;
});

// What this tab has seen before, also on the page before this one.
function seenBefore() {
  return JSON.parse(sessionStorage.getItem("desk:" + box.dataset.store) || "null");
}

function look() {
  const data = document.getElementById("desk").dataset;
  const count = Number(data.new);
  const before = seenBefore();
  const seen = before ? before.seen : [];
  const isOther = Boolean(data.newest) && !seen.includes(data.newest);
  if (before && (count > before.count || (isOther && count === before.count))) ring(data.words);
  document.title = (count ? "(" + count + ") " : "") + plainTitle;
  const kept = isOther ? seen.concat(data.newest).slice(-50) : seen;
  sessionStorage.setItem("desk:" + box.dataset.store, JSON.stringify({ count, seen: kept }));
}

function ring(words) {
  said.textContent = words;
  chime();
  document.dispatchEvent(new CustomEvent("desk:rang"));
  // Browsers shake only for somebody who has touched the page, and complain otherwise.
  if (navigator.vibrate && navigator.userActivation?.hasBeenActive) navigator.vibrate([200, 100, 200]);
}

box.addEventListener("htmx:afterSwap", look);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && window.htmx) window.htmx.trigger("#desk", "wake");
});

sound.hidden = false;
showSwitch();
look();
