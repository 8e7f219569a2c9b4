// The chat. The server keeps every conversation; the page shows what it says, and is told when something has changed.
"use strict";

const by = (id) => document.getElementById(id);
const talk = by("talk");
const cards = by("cards");
const text = by("text");
let me = null;
let busy = false;
let clock_ahead = 0; // of the server, in milliseconds
let shown = "";

const tool_words = {
  buy_stock: "bought stock",
  check_user_calendar: "looked at the calendar",
  fetch_data: "fetched data",
  ask_documents: "searched the documents",
  read_document: "read a document",
};

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function chat_id() {
  const id = location.hash.slice(1);
  if (/^[a-z0-9-]{1,40}$/.test(id)) return id;
  const made = `chat-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
  history.replaceState(null, "", `#${made}`);
  return made;
}

async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Csrf-Token": me?.csrf ?? "" },
    body: JSON.stringify(body),
  };
  const answer = await fetch(path, options);
  if (answer.status === 401) {
    show_login();
    throw new Error("Sign in first.");
  }
  return answer;
}

async function ask_json(path, body) {
  const answer = await ask(path, body);
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error ?? "That did not work.");
  return value;
}

function show_error(message) {
  by("error").textContent = message ?? "";
  by("error").hidden = !message;
}

// ---- what was said

function said(message) {
  if (message.who !== "tool") return make("li", { class: "said", "data-who": message.who }, message.text);
  return make("li", { class: "did", "data-failed": message.failed },
    make("span", { class: "mark", "aria-hidden": "true" }, message.failed ? "!" : "✓"),
    make("span", {}, make("code", {}, message.tool), " ", message.failed ? "did not run" : tool_words[message.tool] ?? "ran"));
}

// ---- what waits for the person

function left_text(seconds) {
  if (seconds <= 0) return "expired";
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function tick() {
  const now = Date.now() + clock_ahead;
  for (const card of cards.children) {
    const expires = Number(card.dataset.expires);
    if (!expires) continue;
    const asked = Number(card.dataset.asked);
    const left = Math.max(0, Math.ceil((expires - now) / 1000));
    card.querySelector(".left").textContent = left_text(left);
    card.querySelector(".time").value = Math.max(0, Math.min(1000, (1000 * (expires - now)) / (expires - asked)));
    card.toggleAttribute("data-urgent", left <= 30);
  }
}

function qr_code(qr) {
  if (!qr?.path) return null;
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", `0 0 ${qr.width} ${qr.height}`);
  svg.setAttribute("class", "qr");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "QR code of the address");
  svg.setAttribute("shape-rendering", "crispEdges");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", qr.path);
  svg.append(path);
  return svg;
}

function input_table(input) {
  const rows = Object.entries(input ?? {}).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, String(value))));
  return make("div", { class: "details" }, make("h4", {}, "What it would do"), make("dl", {}, ...rows));
}

function waiting(words) {
  return make("p", { class: "waiting" }, make("span", { class: "spinner", "aria-hidden": "true" }), words);
}

const flows = {
  ciba: (card) => ({
    kind: "Confirmation",
    title: card.interrupt.bindingMessage ?? "Confirm on your phone",
    body: [input_table(card.input), waiting("Waiting for your decision. This goes on by itself.")],
    action: me.inbox ? make("a", { class: "button primary", href: me.inbox, target: "_blank", rel: "noopener" }, "Open the inbox") : null,
  }),
  device: (card) => ({
    kind: "Sign-in on another device",
    title: "Scan the code, or open the address, and sign in",
    body: [
      make("div", { class: "how" }, qr_code(card.qr),
        make("div", {}, make("p", { class: "quiet small" }, "Your code"), make("p", { class: "code shown" }, card.interrupt.userCode),
          make("p", { class: "small quiet" }, card.interrupt.verificationUri))),
      waiting("Waiting for the sign-in. This goes on by itself."),
    ],
    action: make("a", {
      class: "button primary", href: card.interrupt.verificationUriComplete ?? card.interrupt.verificationUri, target: "_blank", rel: "noopener",
    }, "Open the address here"),
  }),
  token_vault: (card) => ({
    kind: "Account",
    title: `Connect your account ${card.interrupt.connection}`,
    body: [
      make("div", { class: "access" }, make("h4", {}, "So that the agent may"),
        make("ul", { class: "chips" }, ...(card.interrupt.requiredScopes ?? []).map((scope) => make("li", {}, scope)))),
    ],
    action: make("a", { class: "button primary", href: `/connect?chat=${chat_id()}` }, "Connect the account"),
  }),
};

function make_card(card) {
  const flow = (flows[card.interrupt.flow] ?? ((one) => ({ kind: "Waiting", title: one.interrupt.message, body: [], action: null })))(card);
  const give_up = make("button", { class: "secondary", type: "button" }, "Give up");
  give_up.addEventListener("click", () => withdraw(card, give_up));
  const id = `card-${card.tool}-${card.expires ?? 0}`;
  return make("li", { class: "card new", "data-expires": card.expires, "data-asked": card.asked, "data-tool": card.tool, "aria-labelledby": id },
    make("div", { class: "card-top" },
      make("span", { class: "avatar", "aria-hidden": "true" }, "!"),
      make("p", { class: "asks" }, make("strong", {}, "Waiting for you"), make("br"), make("span", { class: "quiet" }, `${flow.kind} for ${card.tool}`)),
      card.expires ? make("p", { class: "left", title: "Time left" }) : null),
    make("h3", { class: "message", id }, flow.title),
    ...flow.body,
    make("div", { class: "actions" }, flow.action ?? make("span"), give_up),
    card.expires ? make("progress", { class: "time", max: "1000", value: "1000", "aria-hidden": "true" }) : null);
}

async function withdraw(card, button) {
  button.disabled = true;
  try {
    show(await ask_json("/api/resume", { chat: chat_id(), withdraw: card.id }));
  } catch (error) {
    show_error(error.message);
    refresh();
  }
}

// ---- all of it

/// Changes only what is different, so that nobody loses their place.
function show(state) {
  clock_ahead = state.now - Date.now();
  const key = JSON.stringify([state.messages, state.cards.map((card) => [card.tool, card.expires, card.interrupt.userCode])]);
  if (key !== shown) {
    const before = talk.children.length;
    talk.replaceChildren(...state.messages.map(said));
    if (shown) [...talk.children].slice(before).forEach((item) => item.classList.add("new"));
    cards.replaceChildren(...state.cards.map(make_card));
    const last = state.messages.at(-1);
    if (shown && last?.who === "agent") by("announce").textContent = `Agent: ${last.text}`;
    if (shown && state.cards.length) by("announce").textContent = "The agent waits for you.";
    shown = key;
    requestAnimationFrame(() => window.scrollTo(0, document.body.scrollHeight));
  }
  by("title").textContent = state.messages.length ? "Stock agent" : "What can I do for you?";
  by("hints").hidden = state.messages.length > 0;
  document.title = state.cards.length ? `(${state.cards.length}) Stock agent` : "Stock agent";
  text.disabled = false;
  tick();
}

async function refresh() {
  if (busy) return;
  try {
    show(await ask_json(`/api/conversation?chat=${chat_id()}`));
  } catch (error) {
    if (me) show_error(error.message);
  }
}

/// Reads server-sent events from an answer to POST, which EventSource cannot send.
async function read_events(answer, on_event) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    let end;
    while ((end = rest.indexOf("\n\n")) >= 0) {
      const lines = rest.slice(0, end).split("\n");
      rest = rest.slice(end + 2);
      const name = lines.find((line) => line.startsWith("event: "))?.slice(7);
      const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
      if (name) on_event(name, JSON.parse(data));
    }
  }
}

async function say(words) {
  if (busy || !words.trim()) return;
  busy = true;
  show_error(null);
  by("send").disabled = true;
  by("hints").hidden = true;
  text.value = "";
  grow();
  talk.append(make("li", { class: "said new", "data-who": "user" }, words));
  const thinking = make("li", { class: "thinking", "aria-label": "The agent thinks" }, make("i"), make("i"), make("i"));
  talk.append(thinking);
  window.scrollTo(0, document.body.scrollHeight);
  let growing = null;
  try {
    const answer = await ask("/chat", { chat: chat_id(), text: words });
    if (!answer.ok) throw new Error((await answer.json()).error);
    await read_events(answer, (name, data) => {
      if (name === "text") {
        if (!growing) {
          growing = make("li", { class: "said growing", "data-who": "agent" });
          thinking.replaceWith(growing);
        }
        growing.append(data.text);
      } else if (name === "failed") {
        show_error(data.error);
      } else if (name === "state") {
        shown = shown || "some";
        show(data);
      }
    });
  } catch (error) {
    show_error(error.message || "The connection was lost.");
  }
  busy = false;
  by("send").disabled = false;
  await refresh();
  text.focus({ preventScroll: true });
}

function grow() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}

let events = null;
function listen() {
  events?.close();
  events = new EventSource("/events");
  events.addEventListener("hello", () => {
    by("live").dataset.state = "on";
    by("live-text").textContent = "Live";
    refresh();
  });
  events.addEventListener("changed", (event) => {
    if (JSON.parse(event.data).chat === chat_id()) refresh();
  });
  events.onerror = () => {
    by("live").dataset.state = "lost";
    by("live-text").textContent = "Connection lost, trying again";
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}

function show_login() {
  me = null;
  events?.close();
  by("login").hidden = false;
  by("chat").hidden = true;
  by("bar").hidden = true;
}

async function sign_in(name) {
  by("login-error").hidden = true;
  try {
    await ask_json("/api/login", { name });
    history.replaceState(null, "", "#");
    await begin();
  } catch (error) {
    by("login-error").textContent = error.message;
    by("login-error").hidden = false;
  }
}

async function begin() {
  const answer = await fetch("/api/me");
  if (!answer.ok) return show_login();
  me = await answer.json();
  shown = "";
  talk.replaceChildren();
  cards.replaceChildren();
  by("user").textContent = me.user;
  by("notice").hidden = !me.local;
  by("login").hidden = true;
  by("bar").hidden = false;
  by("chat").hidden = false;
  chat_id();
  listen();
}

for (const button of document.querySelectorAll(".person")) button.addEventListener("click", () => sign_in(button.dataset.name));
for (const button of document.querySelectorAll(".hint")) button.addEventListener("click", () => say(button.textContent));
by("other").addEventListener("submit", (event) => {
  event.preventDefault();
  sign_in(by("name").value.trim());
});
by("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  say(text.value);
});
text.addEventListener("input", grow);
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  say(text.value);
});
by("new").addEventListener("click", () => {
  history.replaceState(null, "", "#");
  shown = "";
  chat_id();
  refresh();
});
by("switch").addEventListener("click", async () => {
  await ask("/api/logout", {}).catch(() => {});
  show_login();
});
window.addEventListener("hashchange", () => {
  shown = "";
  refresh();
});
setInterval(tick, 1000);
begin();
