// Keys of the pages. A key moves, opens or puts the focus somewhere; none decides anything.
"use strict";

(() => {
  const sheet = document.getElementById("keys");
  const places = { h: "/", a: "/approvals", r: "/runs" };
  let going = false;

  const items = () => [...document.querySelectorAll("[data-list] [data-item]")];
  const isWriting = (element) =>
    element.matches("input, textarea, select, [contenteditable]");

  const marked = () => document.activeElement?.closest("[data-item]");

  function mark(step) {
    const all = items();
    if (!all.length) return;
    const now = all.indexOf(marked());
    const next = Math.min(Math.max(now + step, 0), all.length - 1);
    all[next].querySelector("[data-open]").focus();
    all[next].scrollIntoView({ block: "nearest" });
  }

  function focus(selector) {
    document.querySelector(selector)?.focus();
  }

  function showSheet() {
    if (sheet && !sheet.open) sheet.showModal();
  }

  const does = {
    j: () => mark(1),
    k: () => mark(-1),
    o: () => marked()?.querySelector("[data-open]").click(),
    a: () => focus("[data-approve]"),
    r: () => focus("[data-reject]"),
    n: () => focus("[data-note]"),
    c: () => focus("[data-claim]"),
    g: () => { going = true; setTimeout(() => { going = false; }, 1200); },
    "?": showSheet,
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape" && isWriting(event.target)) {
      event.target.blur();
      return;
    }
    if (isWriting(event.target) || sheet?.open) return;
    if (going && places[event.key]) {
      event.preventDefault();
      location.assign(places[event.key]);
      return;
    }
    going = false;
    const act = does[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });

  document.getElementById("keys-link")?.addEventListener("click", (event) => {
    event.preventDefault();
    showSheet();
  });
})();
