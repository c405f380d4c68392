// What pages do beyond links and forms. Without it every page still works.
"use strict";

const $ = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// Light or dark: kept in a cookie, so that the server sends the page in the right one.
function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
}

// Rows: j and k move, Enter follows the first link.
function move(step) {
  const rows = all('[data-row=""]').filter((row) => row.offsetParent !== null);
  if (!rows.length) return;
  const here = rows.findIndex((row) => row.classList.contains("here"));
  const next = rows[Math.max(0, Math.min(rows.length - 1, here === -1 ? (step > 0 ? 0 : rows.length - 1) : here + step))];
  rows.forEach((row) => row.classList.toggle("here", row === next));
  const link = next.matches("a") ? next : $("a", next);
  if (link) link.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

let waitingForPlace = false;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (waitingForPlace) {
    waitingForPlace = false;
    const link = $(`.nav a[data-key="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  const actions = {
    "/": () => { const field = $("#find"); field.focus(); field.select(); },
    j: () => move(1),
    k: () => move(-1),
    t: switchTheme,
    "?": () => $("#shortcuts").showModal(),
    g: () => { waitingForPlace = true; setTimeout(() => { waitingForPlace = false; }, 1500); },
  };
  if (actions[event.key]) { event.preventDefault(); actions[event.key](); }
});

// On a narrow screen the navigation begins where the page is.
const place = $(".nav [aria-current]");
if (place) place.parentElement.scrollLeft = place.offsetLeft - place.parentElement.offsetLeft - 40;

$("#theme").addEventListener("click", switchTheme);
$("#help").addEventListener("click", () => $("#shortcuts").showModal());

// Copy buttons.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = $("code", button.closest(".copy")).textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren($("code", button.closest(".copy")));
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1600);
});

// Links whose page is shown within this one.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-load]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const place = document.getElementById(link.dataset.load);
  place.setAttribute("aria-busy", "true");
  const answer = await fetch(link.href, { headers: { "X-Part": "main" } });
  if (answer.ok || answer.status === 403) place.innerHTML = await answer.text();
  else location.assign(link.href);
  place.removeAttribute("aria-busy");
});

// Tabs that are links to sections of this page: without script all sections show, with it one at a time.
for (const bar of all("[data-tabs]")) {
  const tabs = all("a[href^='#']", bar);
  const show = (hash) => {
    const target = hash && document.getElementById(decodeURIComponent(hash.slice(1)));
    const chosen = tabs.find((tab) => target && $(tab.hash)?.contains(target)) || tabs[0];
    for (const tab of tabs) {
      tab.toggleAttribute("aria-current", tab === chosen);
      if (tab === chosen) tab.setAttribute("aria-current", "true");
      const section = $(tab.hash);
      if (section) section.hidden = tab !== chosen;
    }
    bar.scrollLeft = chosen.offsetLeft - bar.offsetLeft - 40;
  };
  for (const tab of tabs) $(tab.hash)?.classList.add("tabbed");
  show(location.hash);
  if (tabs.some((tab) => tab.hash === location.hash)) requestAnimationFrame(() => scrollTo(0, 0));
  bar.addEventListener("click", (event) => {
    const tab = event.target.closest("a[href^='#']");
    if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault(); // the sections stand in one place: nothing has to scroll
    history.pushState(null, "", tab.hash);
    show(tab.hash);
  });
  addEventListener("popstate", () => show(location.hash));
  addEventListener("hashchange", () => show(location.hash));
}

// Answers while typing: the server renders them; only the newest question's answer is shown.
let asked = 0;
async function ask(url) {
  const mine = ++asked;
  const answer = await fetch(url, { headers: { "X-Part": "main" } });
  const html = answer.ok ? await answer.text() : null;
  return mine === asked ? html : null;
}

const field = $("#find");
const results = $("#results");
const panel = $("#instant");
let pause;

async function answerNow() {
  const text = field.value.trim();
  if (results) {
    const query = new URLSearchParams(new FormData($("#filters") || undefined));
    query.set("q", text);
    query.delete("offset");
    const url = `/search?${query}`;
    const html = await ask(url);
    if (html !== null) { results.innerHTML = html; history.replaceState(null, "", url); }
    return;
  }
  if (!text) { asked++; panel.hidden = true; return; }
  const html = await ask(`/search/instant?q=${encodeURIComponent(text)}`);
  if (html !== null) { panel.innerHTML = html; panel.hidden = false; }
}

field.addEventListener("input", () => { clearTimeout(pause); pause = setTimeout(answerNow, 90); });
field.form.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { panel.hidden = true; field.focus(); return; }
  if (panel.hidden || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  event.preventDefault();
  const stops = [field, ...all("a", panel)];
  const next = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  stops[(next + stops.length) % stops.length].focus();
});
document.addEventListener("focusin", (event) => { if (!field.form.contains(event.target)) panel.hidden = true; });
document.addEventListener("click", (event) => { if (!field.form.contains(event.target)) panel.hidden = true; });
