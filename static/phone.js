// The phone's keys answer at once, and new texts appear by themselves. Without this script each key is a page.
"use strict";
(() => {
  const form = document.getElementById("phone");
  const screen = document.getElementById("screen");
  const thread = document.getElementById("thread");
  const words = JSON.parse(document.getElementById("words").content.textContent);
  const field = (name) => form.elements[name];
  let busy = false;
  let shown = "";

  const showTexts = (texts) => {
    const now = JSON.stringify(texts);
    if (now === shown) return;
    shown = now;
    if (!texts.length) return;
    thread.replaceChildren(...texts.map((one) => {
      const item = document.createElement("li");
      const said = document.createElement("span");
      const from = document.createElement("small");
      if (one.mine) item.className = "me";
      said.textContent = one.text;
      from.textContent = `${one.mine ? "to" : "from"} ${one.other} · ${one.at}`;
      item.append(said, from);
      return item;
    }));
    thread.scrollTop = thread.scrollHeight;
  };

  const press = async (what) => {
    const body = new URLSearchParams(new FormData(form));
    body.set("do", what);
    const answer = await fetch("/phone", { method: "POST", body, headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error("phone");
    return answer.json();
  };

  const act = async (what) => {
    if (busy) return;
    busy = true;
    try {
      const state = await press(what);
      if (what === "text") field("text").value = state.text;
      for (const name of ["session", "steps", "typed", "screen"]) field(name).value = state[name];
      if (what === "call" || what === "end") field("answer").value = state.answer;
      screen.textContent = state.problem ? words[state.problem].join("\n") : state.screen;
      screen.scrollTop = 0;
      showTexts(state.texts);
    } catch {
      screen.textContent = words.network.join("\n");
    }
    busy = false;
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = event.submitter ? event.submitter.value : "call";
    const answer = field("answer");
    if (key.startsWith("key-")) answer.value += key.slice(4);
    else if (key === "clear") answer.value = answer.value.slice(0, -1);
    else act(key);
  });
  field("number").addEventListener("change", () => { thread.replaceChildren(); shown = ""; act("refresh"); });
  field("number").addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); event.target.blur(); } });

  setInterval(async () => {
    if (busy || document.hidden) return;
    try { showTexts((await press("refresh")).texts); } catch { /* the next look will do */ }
  }, 2000);
  thread.scrollTop = thread.scrollHeight;
})();
