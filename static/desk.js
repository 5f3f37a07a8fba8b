// What a page of the desk does by itself: new tips come in, clocks run, keys work, an idle screen is locked.
// Everything works without it: reloading, links and forms.
"use strict";
(() => {
  const EVERY = 25_000, IDLE = 15 * 60_000, SOON = 13 * 60_000, LONE = 5_000; // milliseconds
  const words = JSON.parse(document.getElementById("words").content.textContent);
  const sheet = document.getElementById("sheet");
  const lock = document.getElementById("lock");
  const soon = document.getElementById("soon");
  const live = document.querySelector("[data-live]");
  const news = document.getElementById("news");
  const bell = new BroadcastChannel("desk"); // other tabs of the same person
  let tag = live ? live.dataset.tag : "";
  let touched = Date.now();
  let asked = touched; // when the server was last asked
  const title = document.title;

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
  const hide = (how, on) => {
    document.documentElement.classList.toggle(how, on);
    document.title = on ? document.body.dataset.title : title;
  };
  const isBlank = () => document.documentElement.classList.contains("blank");
  const shut = () => {
    if (lock.open) return;
    for (const one of [sheet, soon]) if (one) one.close();
    hide("blank", false);
    hide("locked", true);
    ask();
  };
  const ask = () => { lock.showModal(); document.getElementById("lock-password").focus(); };
  lock.addEventListener("close", () => { // Escape closes a dialog, and this one stays
    if (document.documentElement.classList.contains("locked")) ask();
  });
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
      hide("locked", false);
      lock.close();
      look();
    } catch { said.textContent = words.lost; }
  });
  const watch = () => {
    if (lock.open) return;
    const idle = Date.now() - touched;
    if (idle >= IDLE) {
      shut();
      fetch("/desk/sign-out", { method: "POST", keepalive: true }).catch(() => {}); // it ends by itself later
    } else if (idle < SOON) soon.close();
    else if (!soon.open && !isBlank()) soon.showModal();
  };
  const touch = (event) => {
    if (Date.now() - touched > LONE) { watch(); if (!lock.open) bell.postMessage(0); }
    touched = Date.now();
    if (!soon.open) return;
    soon.close();
    event.stopImmediatePropagation(); // it says "I am here", and nothing else
    if (event.type === "keydown") event.preventDefault();
    look();
  };
  bell.onmessage = () => { touched = Date.now(); soon.close(); };
  for (const kind of ["keydown", "pointerdown", "pointermove", "wheel"]) addEventListener(kind, touch, { passive: kind !== "keydown" });

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
    const here = touched > asked; // somebody is at work: their sign-in lasts
    if (document.hidden || lock.open || isBlank() || !(live || here)) return;
    asked = Date.now();
    try {
      const headers = { "If-None-Match": tag, "X-Look": here ? "here" : "again" };
      const answer = await fetch(live ? live.dataset.live : "/desk/awake", { headers, cache: "no-store" });
      if (answer.status === 401 || answer.url.includes("/desk/sign-in")) { shut(); return; }
      if (!answer.ok || !live) return;
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
    const all = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)];
    const link = (one) => one.matches("a");
    const what = all.find((one) => seen(one) && !link(one)) || all.find(seen) || all.find(link);
    if (!what) return false;
    if (what.hash && what.pathname === location.pathname) {
      location.hash = what.hash;
      const field = document.querySelector(what.hash).querySelector("textarea, select, input:not([type=hidden])");
      if (field) field.focus();
    } else if (link(what) || what.matches("button")) what.click();
    else what.focus();
    return true;
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || lock.open) return;
    if (event.target.matches(TYPED)) { if (event.key === "Escape") event.target.blur(); return; }
    if (!document.body.dataset.shortcuts) return;
    const key = event.key;
    if (isBlank()) { if (key === "b" || key === "Escape") hide("blank", false); event.preventDefault(); return; }
    if (key === "?") { if (sheet.open) sheet.close(); else sheet.showModal(); event.preventDefault(); return; }
    if (sheet.open) return;
    if (key === "b") hide("blank", true);
    else if (key === "j" || key === "k") move(key === "j" ? 1 : -1);
    else if (!/^[a-z/]$/.test(key) || !follow(key)) return;
    event.preventDefault();
  });
  addEventListener("click", () => { if (isBlank()) hide("blank", false); });

  const current = document.querySelector(".tabs [aria-current]");
  if (current) current.parentElement.scrollLeft = current.offsetLeft - 12; // the row of tabs scrolls on a phone
  document.addEventListener("visibilitychange", () => { watch(); look(); tick(); });
  addEventListener("pageshow", (event) => { if (event.persisted) { watch(); look(); } });
  setInterval(look, EVERY);
  setInterval(() => { watch(); tick(); }, LONE);
})();
