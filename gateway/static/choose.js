// How a payment is split (what the card covers, what the fund pays, what is left for a channel), and what the ticked
// bills come to. The server adds it up again; this only says it while one chooses.
"use strict";

function inYuan(fen) {
  return "¥" + (fen / 100).toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ",");
}

function addUpPayment(form) {
  const data = form.dataset;
  const card = form.querySelector("[name=card_id]:checked");
  const useFund = form.querySelector("[name=use_fund]");
  const rest = Number(data.amountFen) - Number(card ? card.dataset.coverFen : 0);
  const fund = useFund && useFund.checked ? Math.min(Number(data.balanceFen), rest) : 0;
  for (const place of form.querySelectorAll("[data-fund-part]")) place.textContent = inYuan(fund);
  for (const place of form.querySelectorAll("[data-fund-words]")) place.hidden = fund === 0;
  for (const place of form.querySelectorAll("[data-ways]")) place.hidden = rest - fund === 0;
  for (const place of document.querySelectorAll("[data-channel-part]")) place.textContent = inYuan(rest - fund);
}

function addUpTicked(form) {
  const ticked = Array.from(form.querySelectorAll("input[data-price-fen]:checked"));
  const sum = ticked.reduce((fen, input) => fen + Number(input.dataset.priceFen), 0);
  for (const place of document.querySelectorAll("[data-summed]")) place.textContent = inYuan(sum);
}

for (const form of document.querySelectorAll("form[data-sum]")) {
  form.addEventListener("input", () => addUpTicked(form));
  addUpTicked(form);
}

for (const form of document.querySelectorAll("form[data-choose]")) {
  form.addEventListener("input", () => addUpPayment(form));
  addUpPayment(form);
}
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-choose]").forEach(addUpPayment);
  document.querySelectorAll("form[data-sum]").forEach(addUpTicked);
});
