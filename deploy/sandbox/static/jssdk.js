// WeixinJSBridge for a browser that is not WeChat: the pay sheet opens in a layer over the page.
// Sources of the calls' forms: WeChat Pay merchant documents 「JSAPI调起支付」 and
// 「JSAPI调起用户确认收款」.
(function () {
  "use strict";
  if (window.WeixinJSBridge) return;
  var origin = new URL(document.currentScript.src).origin;
  var pages = {
    getBrandWCPayRequest: { path: "/sandbox/pay", title: "微信支付", says: "get_brand_wcpay_request" },
    requestMerchantTransfer: {
      path: "/sandbox/confirm-transfer", title: "收款确认", says: "requestMerchantTransfer",
    },
  };
  var layer = null;
  var waiting = null;

  function finish(result) {
    if (layer) layer.remove();
    document.documentElement.style.overflow = "";
    var callback = waiting;
    layer = waiting = null;
    if (callback) callback(result);
  }

  function sheetUrl(page, params, extra) {
    return origin + page.path + "?" + new URLSearchParams(Object.assign({}, params, extra));
  }

  function open(page, params, callback) {
    if (waiting) return;
    waiting = function (result) {
      if (callback) callback({ err_msg: page.says + ":" + result });
    };
    layer = document.createElement("iframe");
    layer.title = page.title;
    layer.id = "sandbox-pay-sheet";
    Object.assign(layer.style, {
      position: "fixed", inset: "0", width: "100%", height: "100%", border: "0", zIndex: "2147483647",
    });
    document.addEventListener("securitypolicyviolation", function (event) {
      // The page forbids frames: go there instead and come back.
      if (waiting && event.blockedURI.indexOf(origin) === 0) {
        location.href = sheetUrl(page, params, { return_url: location.href });
      }
    });
    layer.src = sheetUrl(page, params, { framed: "1" });
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
      if (pages[name]) return open(pages[name], params, callback);
      if (callback) callback({ err_msg: name + ":fail" });
    },
    call: function () {},
    on: function () {},
  };
  document.dispatchEvent(new Event("WeixinJSBridgeReady"));
})();
