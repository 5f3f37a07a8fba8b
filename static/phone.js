// The phone's keys answer at once, and new texts appear by themselves. Without this script each key is a page.
"use strict";
(() => {
  const form = document.getElementById("phone");
  const screen = document.getElementById("screen");
  const thread = document.getElementById("thread");
  const words = JSON.parse(document.getElementById("words").content.textContent);
  const field = (name) => form.elements[name];
  let busy = 0;
  let last = Promise.resolve();
  let shown = "";

  const showTexts = (texts) => {
    const now = JSON.stringify(texts);
    if (now === shown) return;
    shown = now;
    if (!texts.length) thread.replaceChildren(document.getElementById("none").content.cloneNode(true));
    else thread.replaceChildren(...texts.map((one) => {
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

  const press = async (what, answer = field("answer").value) => {
    const body = new URLSearchParams(new FormData(form));
    body.set("do", what);
    body.set("answer", answer);
    const reply = await fetch("/phone", { method: "POST", body, headers: { Accept: "application/json" } });
    if (!reply.ok) throw new Error("phone");
    return reply.json();
  };

  const act = async (what, answer) => {
    const sent = field("text").value;
    try {
      const state = await press(what, answer);
      if (what === "text" && field("text").value === sent) field("text").value = state.text;
      const other = state.number !== field("was").value; // another phone in the hand
      for (const name of ["was", "session", "steps", "typed", "screen"]) field(name).value = state[name];
      if (state.problem !== "number") field("number").value = state.number;
      field("off").checked = state.off;
      for (const one of form.querySelectorAll(".pick")) one.setAttribute("aria-pressed", one.dataset.number === state.number);
      if (other || (["call", "end"].includes(what) && !field("answer").value)) field("answer").value = state.answer;
      screen.textContent = state.problem ? words[state.problem].join("\n") : state.screen;
      screen.scrollTop = 0;
      showTexts(state.texts);
    } catch {
      if (what === "call" && !field("answer").value) field("answer").value = answer;
      screen.textContent = words.network.join("\n");
    }
    busy -= 1;
  };

  // Keys are answered one after the other, as they were pressed.
  const then = (what) => {
    const answer = field("answer").value;
    if (busy && what === "call" && !answer) return; // pressed twice
    if (what === "call" || what === "end") field("answer").value = "";
    busy += 1;
    last = last.then(() => act(what, answer));
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = event.submitter ? event.submitter.value : "call";
    const answer = field("answer");
    if (key.startsWith("key-")) answer.value += key.slice(4);
    else if (key === "clear") answer.value = answer.value.slice(0, -1);
    else then(key);
  });
  field("number").addEventListener("change", () => then("refresh"));
  field("off").addEventListener("change", () => then("refresh"));
  field("number").addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); event.target.blur(); } });

  setInterval(async () => {
    if (busy || document.hidden || field("number").value !== field("was").value) return; // a number half typed
    try { showTexts((await press("refresh")).texts); } catch { /* the next look will do */ }
  }, 2000);
  thread.scrollTop = thread.scrollHeight;
})();
