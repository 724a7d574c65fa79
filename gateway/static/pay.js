// Opens WeChat's pay sheet with what the page carries. Its answer is only a hint: the truth is asked on the
// result page, so every way out of the sheet that may have paid leads there.
"use strict";

const button = document.getElementById("pay");
const answer = document.getElementById("pay-answer");

function say(words) {
  answer.querySelector("[data-words]").textContent = words;
  answer.hidden = false;
}

function openSheet() {
  const data = button.dataset;
  const wish = {
    appId: data.appId,
    timeStamp: data.timeStamp,
    nonceStr: data.nonceStr,
    package: data.package,
    signType: data.signType,
    paySign: data.paySign,
  };
  window.WeixinJSBridge.invoke("getBrandWCPayRequest", wish, (reply) => {
    if (reply.err_msg === "get_brand_wcpay_request:cancel") say(data.cancelled);
    else if (reply.err_msg === "get_brand_wcpay_request:fail") say(data.failed);
    else location.assign(data.result);
  });
}

button.addEventListener("click", () => {
  if (window.WeixinJSBridge) openSheet();
  else if (/MicroMessenger/i.test(navigator.userAgent)) {
    document.addEventListener("WeixinJSBridgeReady", openSheet, { once: true });
  } else say(button.dataset.outside);
});
