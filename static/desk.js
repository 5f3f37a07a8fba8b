// What a page of the desk does by itself: new tips come in, clocks run, keys work, an idle screen is locked.
// Everything works without it: reloading, links and forms.
"use strict";
(() => {
  const EVERY = 25_000, IDLE = 15 * 60_000, LONE = 5_000; // milliseconds
  const words = JSON.parse(document.getElementById("words").content.textContent);
  const sheet = document.getElementById("sheet");
  const lock = document.getElementById("lock");
  const live = document.querySelector("[data-live]");
  const news = document.getElementById("news");
  const bell = new BroadcastChannel("desk"); // other tabs of the same person
  let tag = live ? live.dataset.tag : "";
  let touched = Date.now();
  let title = "";

  // clocks and ages, in one unit, as the server says them (clock_words.py, words.age)
  const span = (time, up) => {
    const minutes = up ? Math.ceil(time / 6e4) : Math.floor(time / 6e4);
    if (time < 36e5) return words.min.replace("{}", minutes);
    if (time < 2 * 864e5) return words.h.replace("{}", Math.floor(time / 36e5));
    return words.d.replace("{}", Math.floor(time / 864e5));
  };
  const say = (item, text) => { if (item.textContent !== text) item.textContent = text; };
  const tick = () => {
    const now = Date.now();
    for (const one of document.querySelectorAll("[data-due]")) {
      const left = one.dataset.due - now;
      say(one, words[one.dataset.clock][left < 0 ? 1 : 0].replace("{}", span(Math.abs(left), left >= 0)));
      one.classList.toggle("brick", left < 0);
    }
    for (const one of document.querySelectorAll("time[data-age]")) {
      say(one, span(Math.max(0, now - Date.parse(one.dateTime)), false));
    }
  };

  // the screen: blank on a key, locked when nobody touched it for a quarter of an hour or the sign-in is over
  const blank = (on) => {
    if (on) { title = document.title; document.title = document.body.dataset.title; } else document.title = title;
    document.documentElement.classList.toggle("blank", on);
  };
  const isBlank = () => document.documentElement.classList.contains("blank");
  const shut = () => {
    if (lock.open) return;
    if (sheet) sheet.close();
    document.documentElement.classList.add("locked");
    lock.showModal();
  };
  lock.addEventListener("cancel", (event) => event.preventDefault());
  lock.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = lock.querySelector(".wrong");
    const form = new FormData(event.target);
    event.target.reset();
    said.textContent = "";
    try {
      const answer = await fetch("/desk/sign-in", { method: "POST", body: new URLSearchParams(form) });
      if (!answer.ok) { said.textContent = words.wrong; return; }
      touched = Date.now();
      lock.close();
      document.documentElement.classList.remove("locked");
      look();
    } catch { said.textContent = words.lost; }
  });
  const watch = () => {
    if (lock.open || Date.now() - touched < IDLE) return;
    shut();
    fetch("/desk/sign-out", { method: "POST", keepalive: true }).catch(() => {}); // it ends by itself later
  };
  const touch = () => {
    if (Date.now() - touched > LONE) { watch(); if (!lock.open) bell.postMessage(0); }
    touched = Date.now();
  };
  bell.onmessage = () => { touched = Date.now(); };
  for (const kind of ["keydown", "pointerdown", "pointermove", "wheel"]) addEventListener(kind, touch, { passive: true });

  // what is new
  const rows = (page) => [...page.querySelectorAll("main .rows a.row")];
  const put = (page) => {
    const held = document.activeElement && document.activeElement.getAttribute("href");
    for (const part of page.querySelectorAll("[data-part]")) {
      const old = document.querySelector(`[data-part="${part.dataset.part}"]`);
      if (old) old.replaceWith(part);
    }
    const again = held && rows(document).find((one) => one.getAttribute("href") === held);
    if (again) again.focus({ preventScroll: true }); // the same row, not another one
    tick();
  };
  const show = (page) => {
    if (!news) { live.replaceChildren(...page.body.childNodes); return; }
    const known = new Set(rows(document).map((one) => one.getAttribute("href")));
    const count = rows(page).filter((one) => !known.has(one.getAttribute("href"))).length;
    const busy = rows(document).includes(document.activeElement) || Date.now() - touched < LONE;
    if (!count || !busy) put(page);
    if (!count) return;
    const text = words.news.replace("{}", count);
    if (!busy) { news.textContent = text; return; }
    const button = document.createElement("button"); // rows do not move under a finger
    button.className = "two";
    button.textContent = text;
    button.addEventListener("click", () => { put(page); news.textContent = ""; });
    news.replaceChildren(button);
  };
  const look = async () => {
    if (!live || document.hidden || lock.open || isBlank()) return;
    try {
      const answer = await fetch(live.dataset.live, { headers: { "If-None-Match": tag, "X-Look": "again" }, cache: "no-store" });
      if (answer.status === 401 || answer.url.includes("/desk/sign-in")) { shut(); return; }
      if (!answer.ok) return;
      tag = answer.headers.get("ETag") || "";
      show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch { if (news) news.textContent = words.lost; }
  };

  // keys
  const TYPED = "textarea, select, [contenteditable], input:not([type=checkbox]):not([type=radio])";
  const seen = (one) => one.offsetParent !== null;
  const move = (by) => {
    const all = [...document.querySelectorAll(".rows a.row")];
    const shown = all.filter(seen);
    const here = all.findIndex((one) => one === document.activeElement || one.contains(document.activeElement));
    const from = here >= 0 ? here : all.findIndex((one) => one.hasAttribute("aria-current"));
    const next = all[from < 0 ? 0 : from + by];
    if (!next) return;
    if (shown.includes(next)) next.focus(); else next.click(); // on a phone the list is not beside the tip
  };
  const follow = (key) => {
    const what = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(seen);
    if (!what) return false;
    if (what.hash && what.pathname === location.pathname) {
      location.hash = what.hash;
      const field = document.querySelector(what.hash).querySelector("textarea, select, input:not([type=hidden])");
      if (field) field.focus();
    } else if (what.matches("a, button")) what.click();
    else what.focus();
    return true;
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || lock.open) return;
    if (event.target.matches(TYPED)) { if (event.key === "Escape") event.target.blur(); return; }
    if (!document.body.dataset.shortcuts) return;
    const key = event.key;
    if (isBlank()) { if (key === "b" || key === "Escape") blank(false); event.preventDefault(); return; }
    if (key === "?") { if (sheet.open) sheet.close(); else sheet.showModal(); event.preventDefault(); return; }
    if (sheet.open) return;
    if (key === "b") blank(true);
    else if (key === "j" || key === "k") move(key === "j" ? 1 : -1);
    else if (!/^[a-z/]$/.test(key) || !follow(key)) return;
    event.preventDefault();
  });
  addEventListener("click", () => { if (isBlank()) blank(false); });

  document.addEventListener("visibilitychange", () => { watch(); look(); tick(); });
  addEventListener("pageshow", (event) => { if (event.persisted) { watch(); look(); } });
  setInterval(look, EVERY);
  setInterval(() => { watch(); tick(); }, LONE);
})();
