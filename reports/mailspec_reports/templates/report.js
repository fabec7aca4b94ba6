"use strict";
// Without scripts the page shows everything; this only hides rows.
(() => {
  const boxes = [...document.querySelectorAll(".filter input[type=checkbox]")];
  const search = document.querySelector(".filter input[type=search]");
  const rows = [...document.querySelectorAll("details.check")];
  const sections = [...document.querySelectorAll("main section")];
  const texts = new Map(rows.map((row) => {
    const heading = row.closest("section").querySelector("h2").textContent;
    return [row, `${heading} ${row.querySelector("summary").textContent}`.toLowerCase()];
  }));
  const update = () => {
    const shown = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      row.hidden = !shown.has(row.dataset.verdict) || !words.every((word) => texts.get(row).includes(word));
    }
    for (const section of sections) {
      section.hidden = !section.querySelector("details.check:not([hidden])");
    }
  };
  document.querySelector(".filter").addEventListener("input", update);
  document.querySelector(".filter").addEventListener("submit", (event) => event.preventDefault());
  const reveal = () => {
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (row) { row.hidden = false; row.open = true; row.scrollIntoView(); }
  };
  addEventListener("hashchange", reveal);
  reveal();
})();
