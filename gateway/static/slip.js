// Prints the slip; without this file the browser's own menu does.
"use strict";

document.getElementById("print").addEventListener("click", () => window.print());
