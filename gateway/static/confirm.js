// Opens WeChat's own page on which the payee takes a transfer (商家转账, requestMerchantTransfer). Its answer is only
// a hint: the page asks settlement what became of it.
"use strict";

function tell(words) {
  const place = document.getElementById("confirm-answer");
  place.querySelector("[data-words]").textContent = words;
  place.hidden = false;
}

function confirmTransfer(data) {
  const wish = { mchId: data.mchId, appId: data.appId, package: data.package };
  window.WeixinJSBridge.invoke("requestMerchantTransfer", wish, (reply) => {
    if (reply.err_msg === "requestMerchantTransfer:ok") location.reload();
    else if (reply.err_msg === "requestMerchantTransfer:cancel") tell(data.cancelled);
    else tell(data.failed);
  });
}

// The page asks for itself again, so the button may come later than this script.
document.addEventListener("click", (event) => {
  const button = event.target.closest("#confirm-transfer");
  if (!button) return;
  const data = { ...button.dataset };
  if (window.WeixinJSBridge) confirmTransfer(data);
  else if (/MicroMessenger/i.test(navigator.userAgent)) {
    document.addEventListener("WeixinJSBridgeReady", () => confirmTransfer(data), { once: true });
  } else tell(data.outside);
});
