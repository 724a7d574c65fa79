// Makes the chat lively: sends without a reload, fetches new messages, keeps the newest in sight.
(function () {
  "use strict";
  var chat = document.getElementById("chat");
  var form = document.getElementById("say");
  if (!chat) return;

  function lastId() {
    var all = chat.querySelectorAll("[data-id]");
    return all.length ? all[all.length - 1].dataset.id : "0";
  }

  function toEnd() {
    chat.scrollTop = chat.scrollHeight;
  }

  var busy = false;
  async function look() {
    if (busy || document.hidden) return;
    busy = true;
    try {
      var answer = await fetch("/phone/messages?after=" + lastId());
      if (answer.status === 200) {
        var empty = document.getElementById("empty");
        if (empty) empty.remove();
        chat.insertAdjacentHTML("beforeend", await answer.text());
        toEnd();
      }
    } catch (gone) {
      // The sandbox is being restarted: the next look finds it.
    } finally {
      busy = false;
    }
  }

  form.addEventListener("submit", async function (event) {
    event.preventDefault();
    var body = new FormData(form);
    if (!String(body.get("text")).trim()) return;
    form.reset();
    var sent = fetch(form.action, { method: "POST", body: new URLSearchParams(body) });
    setTimeout(look, 60);
    await sent;
    look();
  });

  document.querySelectorAll("details.top").forEach(function (one) {
    one.addEventListener("toggle", function () {
      if (!one.open) return;
      document.querySelectorAll("details.top[open]").forEach(function (other) {
        if (other !== one) other.open = false;
      });
    });
  });

  toEnd();
  setInterval(look, 1500);
})();
