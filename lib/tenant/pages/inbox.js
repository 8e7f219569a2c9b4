// Keeps the inbox current: the server sends the whole state when something changes, as HTML that it has escaped.
"use strict";

const pending = document.getElementById("pending");
const more = document.getElementById("more");
const empty = document.getElementById("empty");
const count = document.getElementById("count");
const history_list = document.getElementById("history");
const no_history = document.getElementById("no-history");
const live = document.getElementById("live");
const live_text = document.getElementById("live-text");
const announce = document.getElementById("announce");
const title = document.title;
let clock_ahead = 0;  // of the server, in milliseconds

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

function show_local_times(root) {
  for (const time of root.querySelectorAll("time")) {
    if (!time.closest(".left")) time.textContent = clock.format(new Date(time.dateTime));
  }
}

function left_text(seconds) {
  if (seconds <= 0) return "expired";
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (hours > 0) return `${hours} h ${minutes} min`;
  return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
}

function tick() {
  const now = Date.now() + clock_ahead;
  for (const card of pending.children) {
    const asked = Number(card.dataset.asked);
    const expires = Number(card.dataset.expires);
    const left = Math.max(0, Math.ceil((expires - now) / 1000));
    card.querySelector(".left time").textContent = left_text(left);
    card.querySelector(".time").value = Math.max(0, Math.min(1000, (1000 * (expires - now)) / (expires - asked)));
    card.toggleAttribute("data-urgent", left <= 30);
    if (left === 0) for (const button of card.querySelectorAll("button")) button.disabled = true;
  }
}

function part(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

/// Changes only what is different, so that nobody loses their place.
function update(state) {
  clock_ahead = state.now - Date.now();
  const wanted = new Set(state.pending.map((one) => one.id));
  const had_focus = pending.contains(document.activeElement);
  for (const card of [...pending.children]) if (!wanted.has(card.dataset.id)) card.remove();
  let said = "";
  for (const one of state.pending) {
    if (document.getElementById(`request-${one.id}`)) continue;
    const card = part(one.html).firstElementChild;
    card.classList.add("new");
    show_local_times(card);
    pending.append(card);
    said = `New request: ${card.querySelector(".message").textContent}`;
  }
  history_list.replaceChildren(part(state.history));
  show_local_times(history_list);
  count.textContent = state.count;
  count.hidden = state.count === 0;
  more.hidden = state.count <= state.pending.length;
  more.textContent = `${state.count - state.pending.length} more appear as you decide.`;
  empty.hidden = state.count !== 0;
  no_history.hidden = history_list.children.length !== 0;
  document.title = state.count === 0 ? title : `(${state.count}) ${title}`;
  if (said) announce.textContent = said;
  if (had_focus && !pending.contains(document.activeElement)) (pending.querySelector(".message") ?? empty).focus();
  tick();
}

function show_live(state, text) {
  live.dataset.state = state;
  live_text.textContent = text;
}

function listen() {
  const events = new EventSource("/inbox/events");
  events.addEventListener("state", (event) => {
    show_live("on", "Live");
    update(JSON.parse(event.data));
  });
  events.addEventListener("bye", () => {
    events.close();
    location.reload();
  });
  events.onerror = () => {
    show_live("lost", "Connection lost, trying again");
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}

pending.addEventListener("submit", async (event) => {
  const form = event.target;
  const decision = event.submitter?.value;
  if (!decision) return;
  event.preventDefault();
  const card = form.closest(".card");
  const body = new URLSearchParams(new FormData(form));
  body.set("decision", decision);
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  card.toggleAttribute("data-decided", true);
  try {
    const answer = await fetch("/inbox/decide", { method: "POST", body, headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.statusText);
    const message = card.querySelector(".message").textContent;
    announce.textContent = `${decision === "approve" ? "Approved" : "Denied"}: ${message}`;
  } catch {
    card.toggleAttribute("data-decided", false);
    for (const button of form.querySelectorAll("button")) button.disabled = false;
    announce.textContent = "That did not work. Reload the page and try again.";
  }
});

show_local_times(document);
tick();
setInterval(tick, 1000);
listen();
