// WeixinJSBridge for a browser that is not WeChat: the pay sheet opens in a layer over the page.
// Source of the call's form: WeChat Pay merchant document 「JSAPI调起支付」.
(function () {
  "use strict";
  if (window.WeixinJSBridge) return;
  var origin = new URL(document.currentScript.src).origin;
  var layer = null;
  var waiting = null;

  function finish(result) {
    if (layer) layer.remove();
    document.documentElement.style.overflow = "";
    var callback = waiting;
    layer = waiting = null;
    if (callback) callback({ err_msg: "get_brand_wcpay_request:" + result });
  }

  function sheetUrl(params, extra) {
    return origin + "/sandbox/pay?" + new URLSearchParams(Object.assign({}, params, extra));
  }

  function open(params, callback) {
    if (waiting) return;
    waiting = callback || function () {};
    layer = document.createElement("iframe");
    layer.title = "微信支付";
    layer.id = "sandbox-pay-sheet";
    Object.assign(layer.style, {
      position: "fixed", inset: "0", width: "100%", height: "100%", border: "0", zIndex: "2147483647",
    });
    document.addEventListener("securitypolicyviolation", function (event) {
      // The page forbids frames: go there instead and come back.
      if (waiting && event.blockedURI.indexOf(origin) === 0) {
        location.href = sheetUrl(params, { return_url: location.href });
      }
    });
    layer.src = sheetUrl(params, { framed: "1" });
    document.documentElement.style.overflow = "hidden";
    document.body.appendChild(layer);
    layer.focus();
  }

  window.addEventListener("message", function (event) {
    if (event.origin === origin && layer && event.source === layer.contentWindow) {
      if (event.data && event.data.sandboxPay) finish(event.data.sandboxPay);
    }
  });

  window.WeixinJSBridge = {
    invoke: function (name, params, callback) {
      if (name === "getBrandWCPayRequest") return open(params, callback);
      if (callback) callback({ err_msg: name + ":fail" });
    },
    call: function () {},
    on: function () {},
  };
  document.dispatchEvent(new Event("WeixinJSBridgeReady"));
})();
