// Filters, search and folding. Everything is in the page already: without this script it can be
// read as a whole, with it in parts. Nothing is ever written as markup, only shown and hidden.
"use strict";

document.documentElement.classList.add("js");

document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("filters");
  if (!form) return;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const search = document.getElementById("search");
  const selects = all("select[data-field]");
  const shown = document.getElementById("shown");
  const clear = document.getElementById("clear");
  const nothing = document.getElementById("nothing");
  const rows = all("[data-key]");
  const lists = all("[data-list]");
  const groups = all(".matrix tbody");
  const number = new Intl.NumberFormat("en-US");

  // What is said of a workload anywhere on the page, by its key; read at the first search only,
  // since a big page has megabytes of it.
  let texts = null;
  function textOf(row) {
    if (!texts) {
      texts = new Map();
      for (const row of rows) {
        const detail = document.getElementById(`d${row.dataset.key}`);
        const more = detail ? detail.textContent : "";
        const { namespace, role, pool } = row.dataset;
        const said = [row.textContent, more, namespace, role, pool].join(" ");
        texts.set(row.dataset.key, said.toLowerCase());
      }
      for (const item of all("[data-of]")) {
        texts.set(item.dataset.of, texts.get(item.dataset.of) + item.textContent.toLowerCase());
      }
    }
    return texts.get(row.dataset.key);
  }

  function matches(row, words, chosen) {
    return (
      chosen.every(({ field, value, listed }) => {
        const has = row.dataset[field];
        return listed ? has.split(" ").includes(value) : has === value;
      }) && words.every((word) => textOf(row).includes(word))
    );
  }

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = selects
      .filter((select) => select.value)
      .map(({ value, dataset: { field } }) => {
        return { field, value, listed: field === "status" || field === "change" };
      });
    const filtering = words.length + chosen.length > 0;
    const found = new Set();
    for (const row of rows) {
      row.hidden = !matches(row, words, chosen);
      if (!row.hidden) found.add(row.dataset.key);
    }
    for (const group of groups) {
      const members = [...group.querySelectorAll("[data-key]")];
      const left = members.filter((row) => !row.hidden).length;
      group.hidden = left === 0;
      group.querySelector(".of").textContent =
        filtering && left < members.length ? `, ${number.format(left)} shown` : "";
    }
    for (const list of lists) {
      const items = [...list.querySelectorAll("[data-of]")];
      for (const item of items) item.hidden = !found.has(item.dataset.of);
      const left = items.filter((item) => !item.hidden).length;
      list.querySelector(".total").textContent =
        left < items.length
          ? `${number.format(left)} of ${number.format(items.length)}`
          : number.format(items.length);
      list.querySelector(".unmatched").hidden = left > 0;
    }
    document.documentElement.classList.toggle("filtering", filtering);
    shown.textContent =
      `${number.format(found.size)} of ${number.format(rows.length)} ${shown.dataset.what}`;
    clear.hidden = !filtering;
    nothing.hidden = found.size > 0;
  }

  function reset() {
    form.reset();
    switchAll();
    filter();
  }

  function switchAll() {
    for (const box of all("[data-switch]")) {
      document.documentElement.classList.toggle(`all-${box.dataset.switch}`, box.checked);
    }
  }

  function unfold(row) {
    row.classList.add("open");
    row.querySelector("button.open").setAttribute("aria-expanded", "true");
    row.closest("tbody").classList.remove("folded");
  }

  // A link to a workload opens it, also where a filter hides it.
  function follow() {
    const row = /^#w\d+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
    if (!row) return;
    if (row.hidden) reset();
    unfold(row);
    row.querySelector("button.open").focus({ preventScroll: true });
    settle(row, 4);
  }

  // Rows out of sight have a height that is guessed, so the way to one is found step by step.
  function settle(row, steps) {
    row.scrollIntoView({ block: "center" });
    if (steps > 0) requestAnimationFrame(() => settle(row, steps - 1));
  }

  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120); // ms; typing goes on meanwhile
  });
  form.addEventListener("change", (event) => {
    if (event.target.dataset.switch) switchAll();
    else filter();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  clear.addEventListener("click", () => {
    reset();
    search.focus();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.matches("button.open")) {
      const open = button.closest("tr").classList.toggle("open");
      button.setAttribute("aria-expanded", String(open));
    } else if (button.matches("button.fold")) {
      const folded = button.closest("tbody").classList.toggle("folded");
      button.setAttribute("aria-expanded", String(!folded));
    } else if (button.matches("button.more")) {
      button.closest("section").classList.remove("long");
      button.hidden = true;
    }
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && event.target === search) {
      search.value = "";
      filter();
    }
  });
  addEventListener("hashchange", follow);
  addEventListener("load", follow); // after the browser's own attempt

  const head = document.querySelector(".matrix thead");
  if (head) {
    new ResizeObserver(() => {
      head.closest(".box").style.setProperty("--head", `${head.offsetHeight}px`);
    }).observe(head);
  }

  for (const button of all("button.more")) button.hidden = false;
  form.hidden = false;
  filter(); // a browser that goes back may have kept what was typed
  switchAll();
});
