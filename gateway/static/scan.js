// Reads the courier's QR code with the camera where the browser can do it; the six digits always work.
"use strict";

const scanButton = document.getElementById("scan");
const view = document.getElementById("scan-view");
const words = document.getElementById("scan-words");

async function scan() {
  const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
  const camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  view.srcObject = camera;
  view.hidden = false;
  await view.play();
  const timer = window.setInterval(async () => {
    const codes = await detector.detect(view);
    if (!codes.length) return;
    window.clearInterval(timer);
    camera.getTracks().forEach((track) => track.stop());
    take(codes[0].rawValue);
  }, 250);
}

function take(text) {
  const form = document.getElementById("check");
  form.elements.code.value = text;
  form.requestSubmit();
}

if (scanButton && "BarcodeDetector" in window && navigator.mediaDevices) {
  scanButton.hidden = false;
  scanButton.addEventListener("click", () => {
    scan().catch(() => {
      words.textContent = scanButton.dataset.blocked;
    });
  });
}
