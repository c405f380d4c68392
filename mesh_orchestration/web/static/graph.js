// Moving, zooming and following lines in a lineage graph. Without it the picture fits its frame.
"use strict";

for (const frame of document.querySelectorAll("[data-graph]")) {
  const svg = frame.querySelector("svg");
  const whole = { width: +frame.dataset.width, height: +frame.dataset.height };
  const view = { x: 0, y: 0, scale: 1 };
  const LEAST = 0.08, MOST = 3, PAN = 80;

  const size = () => svg.getBoundingClientRect();
  function show() {
    const { width, height } = size();
    svg.setAttribute("viewBox", `${view.x} ${view.y} ${width / view.scale} ${height / view.scale}`);
  }
  function fit() {
    const { width, height } = size();
    view.scale = Math.min(1.25, width / whole.width, height / whole.height);
    view.x = (whole.width - width / view.scale) / 2;
    view.y = (whole.height - height / view.scale) / 2;
    show();
  }
  function zoom(factor, x, y) {
    const box = size();
    const at = { x: x ?? box.width / 2, y: y ?? box.height / 2 };
    const scale = Math.min(MOST, Math.max(LEAST, view.scale * factor));
    view.x += at.x / view.scale - at.x / scale;
    view.y += at.y / view.scale - at.y / scale;
    view.scale = scale;
    show();
  }
  function pan(x, y) { view.x += x / view.scale; view.y += y / view.scale; show(); }
  // What would be too small to read begins at the card that the page is about.
  function begin() {
    const said = new URLSearchParams(location.hash.slice(1)).get("view")?.split(",").map(Number);
    if (said?.length === 3 && said.every(Number.isFinite)) {
      [view.x, view.y, view.scale] = [said[0], said[1], Math.min(MOST, Math.max(LEAST, said[2]))];
      return show();
    }
    fit();
    if (view.scale >= 0.62) return;
    const { width, height } = size();
    view.scale = 0.8;
    const from = (at, seen, all) => all <= seen ? (all - seen) / 2 : Math.min(Math.max(at - seen / 2, 0), all - seen);
    view.x = from(+(frame.dataset.x ?? -118) + 118, width / view.scale, whole.width);
    view.y = from(+(frame.dataset.y ?? -60) + 60, height / view.scale, whole.height);
    show();
  }

  const fingers = new Map();
  let moved = false;
  svg.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    moved = false;
  });
  svg.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    if (!moved && Math.hypot(now.x - before.x, now.y - before.y) < 4) return;
    if (!moved) { moved = true; svg.setPointerCapture(event.pointerId); svg.classList.add("moving"); }
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const box = size();
      const apart = (one) => Math.hypot(one.x - other.x, one.y - other.y) || 1;
      zoom(apart(now) / apart(before), (now.x + other.x) / 2 - box.left, (now.y + other.y) / 2 - box.top);
    } else pan(before.x - now.x, before.y - now.y);
    fingers.set(event.pointerId, now);
  });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, (event) => {
    fingers.delete(event.pointerId);
    if (!fingers.size) svg.classList.remove("moving");
  });
  svg.addEventListener("click", (event) => { if (moved) { event.preventDefault(); moved = false; } }, true);
  svg.addEventListener("dragstart", (event) => event.preventDefault());
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;  // the page scrolls on
    event.preventDefault();
    const box = size();
    zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = {
      "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: fit,
      ArrowLeft: () => pan(-PAN, 0), ArrowRight: () => pan(PAN, 0), ArrowUp: () => pan(0, -PAN), ArrowDown: () => pan(0, PAN),
    };
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });

  const asked = {
    in: () => zoom(1.25), out: () => zoom(0.8), fit,
    link: async (button) => {
      history.replaceState(null, "", `#view=${[view.x, view.y].map(Math.round)},${view.scale.toFixed(2)}`);
      try { await navigator.clipboard.writeText(location.href); button.textContent = "Copied"; } catch { button.textContent = "In the address bar"; }
      setTimeout(() => { button.textContent = "Copy link"; }, 1600);
    },
  };
  for (const button of frame.querySelectorAll("[data-zoom]")) {
    button.hidden = false;
    button.addEventListener("click", () => asked[button.dataset.zoom](button));
  }

  // Following: everything that a card or a column comes from and goes into.
  const edges = [...svg.querySelectorAll(".edge")].map((element) => ({ element, ...element.dataset }));
  const nodes = new Map([...svg.querySelectorAll(".node")].map((node) => [node.dataset.key, node]));
  frame.classList.toggle("columns", edges.some((edge) => edge.sourceRow !== undefined));
  const name = (key, row) => row === undefined ? key : `${key}\u0000${row}`;
  function follow(start, from, to) {
    const waiting = [start], seen = new Set(waiting);
    while (waiting.length) {
      const at = waiting.pop();
      for (const edge of edges) {
        if (name(edge[from], start.includes("\u0000") ? edge[`${from}Row`] : undefined) !== at) continue;
        edge.element.classList.add("hot");
        const next = name(edge[to], start.includes("\u0000") ? edge[`${to}Row`] : undefined);
        if (!seen.has(next)) { seen.add(next); waiting.push(next); }
      }
    }
    for (const one of seen) {
      const [key, row] = one.split("\u0000");
      const node = nodes.get(key);
      node?.classList.add("hot");
      if (row !== undefined) node?.querySelector(`[data-row="${CSS.escape(row)}"]`)?.classList.add("hot");
    }
  }
  function leave() {
    frame.classList.remove("picking");
    for (const hot of svg.querySelectorAll(".hot")) hot.classList.remove("hot");
  }
  function pick(event) {
    const node = event.target.closest(".node");
    leave();
    if (!node || moved) return;
    const row = event.target.closest(".field")?.dataset.row;
    const start = name(node.dataset.key, row);
    frame.classList.add("picking");
    follow(start, "target", "source");
    follow(start, "source", "target");
  }
  svg.addEventListener("pointerover", (event) => { if (event.pointerType === "mouse" && !fingers.size) pick(event); });
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("focusin", (event) => {
    if (event.target === svg || !event.target.matches(":focus-visible")) return;
    pick(event);
    const box = size(), at = event.target.getBoundingClientRect();
    if (at.left < box.left || at.right > box.right || at.top < box.top || at.bottom > box.bottom) {
      pan(at.left + at.width / 2 - box.left - box.width / 2, at.top + at.height / 2 - box.top - box.height / 2);
    }
  });
  svg.addEventListener("focusout", leave);

  begin();
  let width = size().width;
  new ResizeObserver(() => { if (size().width !== width) { width = size().width; show(); } }).observe(frame);
}
