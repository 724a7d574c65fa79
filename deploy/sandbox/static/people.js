// Narrows the list of people to those whose name or note holds what is typed.
(function () {
  "use strict";
  var find = document.getElementById("find");
  if (!find) return;
  find.addEventListener("input", function () {
    var words = find.value.trim();
    document.querySelectorAll(".list .row").forEach(function (row) {
      row.hidden = words !== "" && row.textContent.indexOf(words) < 0;
    });
  });
})();
