// The demo in a real browser: the agent server's chat, the local tenant's inbox, device page and consent page.
//
//   node demo.mjs AGENT_SERVER [SCREENSHOT_FOLDER]
//
// Starts the program on free ports, plays two people in two browsers, and ends with a code that says whether all went as it should. The
// screenshots are kept, at phone and at desktop width, by day and by night.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [program, folder = "screenshots"] = process.argv.slice(2);
const browser_path = process.env.CHROMIUM ?? "/usr/bin/chromium";
if (!existsSync(browser_path)) {
  console.log(`skipped: there is no ${browser_path} (apt install chromium)`);
  process.exit(77);
}
mkdirSync(folder, { recursive: true });

const patience = 30_000;
const desktop = { width: 1280, height: 900 };
const phone = { width: 390, height: 844 };
const profile = mkdtempSync(join(tmpdir(), "assent-browser-"));

function start_server() {
  const child = spawn(program, ["--port", "0", "--tenant-port", "0", ...(process.env.DEMO_OPTIONS?.split(" ") ?? [])],
    { stdio: ["ignore", "pipe", "inherit"] });
  const urls = new Promise((resolve, reject) => {
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      said += text;
      const chat = /chat\s+(http:\S+)/.exec(said);
      const inbox = /inbox\s+(http:\S+)/.exec(said);
      if (chat && inbox && said.includes("Ctrl-C")) resolve({ chat: chat[1], inbox: inbox[1] });
    });
    child.on("exit", (code) => reject(new Error(`the server ended with ${code}; it said:\n${said}`)));
  });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  return { child, urls, ended };
}

let shots = 0;
async function shot(page, name, sizes = { desktop, phone }) {
  const before = page.viewportSize();
  for (const [size, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport);
    await page.waitForTimeout(150); // for the layout; nothing is decided by it
    // Nothing is wider than the screen.
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${name} is ${wide} px too wide at ${size} width`);
    // All of it as on a screen that is high enough, so that what sticks to the bottom is there.
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ width: viewport.width, height: Math.max(height, viewport.height) });
    await page.screenshot({ path: join(folder, `${name}-${size}.png`) });
    ++shots;
  }
  await page.setViewportSize(before);
}

async function person(browser, name, urls, scheme = "light") {
  const context = await browser.newContext({ viewport: desktop, colorScheme: scheme });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => { if (message.type() === "error" && !/401/.test(message.text())) errors.push(message.text()); });
  await page.goto(urls.chat);
  return { name, context, page, errors };
}

async function sign_in(who) {
  await who.page.getByRole("button", { name: new RegExp(who.name) }).click();
  await who.page.locator("#chat").waitFor();
  await who.page.locator('#live[data-state="on"]').waitFor({ state: "attached" });
}

async function say(who, words) {
  await who.page.getByLabel("Message").fill(words);
  await who.page.getByRole("button", { name: "Send" }).click();
}

const card = (who) => who.page.locator("#cards .card");
const agent_said = (who, words) => who.page.locator('.said[data-who="agent"]').filter({ hasText: words }).last().waitFor();

/// The inbox of a person, in another page of the same browser, signed in.
async function open_inbox(who, urls) {
  const page = await who.context.newPage();
  page.setDefaultTimeout(patience);
  await page.goto(urls.inbox);
  await page.getByRole("button", { name: who.name }).click();
  await page.waitForURL((url) => url.pathname === "/inbox");
  return page;
}

/// In alice's inbox.
const request_for = (words) => world.inbox.locator("#pending .card").filter({ hasText: words });

const steps = [];
function step(name, run) {
  steps.push([name, run]);
}

const world = {};

step("a browser without a session is asked who it is", async () => {
  const { alice } = world;
  await alice.page.locator("#login").waitFor();
  await shot(alice.page, "login");
  const answer = await alice.page.request.post(new URL("/chat", world.urls.chat).href, { data: { chat: "x", text: "Buy 2 ZEKO" }, headers: { Origin: new URL(world.urls.chat).origin } });
  assert.equal(answer.status(), 401);
  await sign_in(alice);
  await shot(alice.page, "empty");
});

step("a small purchase runs at once", async () => {
  const { alice } = world;
  await say(alice, "Buy 2 ZEKO");
  await agent_said(alice, "Purchased 2 shares of ZEKO");
  assert.equal(await card(alice).count(), 0);
});

step("a large one shows a card, is approved in the inbox, and goes on by itself", async () => {
  const { alice } = world;
  await say(alice, "Buy 100 ZEKO");
  await card(alice).waitFor();
  await card(alice).getByText("Buy 100 ZEKO").waitFor();
  assert.match(await card(alice).locator(".left").textContent(), /\d:\d\d/);
  await shot(alice.page, "card-confirmation");
  world.inbox = await open_inbox(alice, world.urls);
  const request = world.inbox.locator("#pending .card");
  await request.getByText("Buy 100 ZEKO").waitFor();
  await request.getByText("trade_authorization").waitFor();
  await shot(world.inbox, "inbox");
  await request.getByRole("button", { name: "Approve" }).click();
  await agent_said(alice, "Purchased 100 shares of ZEKO");
  await card(alice).waitFor({ state: "detached" });
  await world.inbox.locator("#history").getByText("Approved").first().waitFor();
  await shot(alice.page, "approved");
});

step("another one is denied, and nothing is bought", async () => {
  const { alice } = world;
  await say(alice, "Buy 9000 ZEKO");
  await request_for("Buy 9000 ZEKO").getByRole("button", { name: "Deny" }).click();
  await agent_said(alice, "refused the purchase");
  assert.equal(await alice.page.getByText("Purchased 9000").count(), 0);
});

step("a card can be given up", async () => {
  const { alice } = world;
  await say(alice, "Buy 700 ZEKO");
  await card(alice).getByRole("button", { name: "Give up" }).click();
  await card(alice).waitFor({ state: "detached" });
  assert.equal(await alice.page.getByText("Purchased 700").count(), 0);
});

step("the device page signs in, and the data comes", async () => {
  const { alice } = world;
  await say(alice, "Fetch my records about orders");
  await card(alice).locator("svg.qr").waitFor();
  const code = await card(alice).locator(".code").textContent();
  await shot(alice.page, "card-device");
  const [device] = await Promise.all([alice.context.waitForEvent("page"), card(alice).getByRole("link", { name: "Open the address here" }).click()]);
  device.setDefaultTimeout(patience);
  await device.waitForLoadState();
  const next = device.getByRole("button", { name: "Continue" });
  if (await next.count()) await next.first().click();
  await device.getByText(code).first().waitFor();
  await shot(device, "device-page");
  await device.getByRole("button", { name: "Connect" }).click();
  await device.locator(".result").waitFor();
  await device.close();
  await agent_said(alice, "3 records about orders");
});

step("the consent page connects an account, and the calendar is read", async () => {
  const { alice } = world;
  await say(alice, "Am I free on 2026-12-01?");
  await card(alice).getByText("google-oauth2").first().waitFor();
  await shot(alice.page, "card-consent");
  await card(alice).getByRole("link", { name: "Connect the account" }).click();
  await alice.page.getByRole("button", { name: "Allow" }).waitFor();
  await shot(alice.page, "consent-page");
  await alice.page.getByRole("button", { name: "Allow" }).click();
  await alice.page.waitForURL((url) => url.origin === new URL(world.urls.chat.replace("localhost", url.hostname)).origin);
  await agent_said(alice, "2026-12-01 is free");
});

step("two people in two browsers never see each other's", async () => {
  const { alice, bob, browser } = world;
  await sign_in(bob);
  await say(alice, "Buy 500 ZEKO");
  await card(alice).waitFor();
  const chat = new URL(alice.page.url()).hash.slice(1);
  // The same conversation by name is another one for another person.
  await bob.page.goto(`${world.urls.chat}#${chat}`);
  await bob.page.reload();
  await bob.page.locator("#chat").waitFor();
  assert.equal(await bob.page.locator("#talk > *").count(), 0);
  assert.equal(await card(bob).count(), 0);
  const inbox = await open_inbox(bob, world.urls);
  assert.equal(await inbox.locator("#pending .card").count(), 0);
  await say(bob, "What is the forecast for ZEKO?");
  await agent_said(bob, "annual report");
  assert.equal(await bob.page.getByText("24 percent").count(), 0);
  await say(bob, "Read the document forecast");
  await agent_said(bob, "not allowed");
  await say(alice, "hello"); // refused while something waits, and said so
  await alice.page.locator("#error:not([hidden])").waitFor();
  await world.inbox.bringToFront();
  await request_for("Buy 500 ZEKO").getByRole("button", { name: "Approve" }).click();
  await agent_said(alice, "Purchased 500 shares of ZEKO");
  assert.equal(await bob.page.getByText("500").count(), 0);
  await shot(bob.page, "bob");
  // A session of one is no key to the other's conversation, and another site's page is none at all.
  const foreign = await browser.newContext();
  const answer = await foreign.request.get(new URL(`/api/conversation?chat=${chat}`, world.urls.chat).href);
  assert.equal(answer.status(), 401);
  const cookie = (await alice.context.cookies(world.urls.chat)).find((one) => one.name === "session");
  const forged = await alice.page.request.post(new URL("/chat", world.urls.chat).href, {
    data: { chat, text: "Buy 2 ZEKO" }, headers: { Origin: "http://evil.example", Cookie: `session=${cookie.value}` },
  });
  assert.equal(forged.status(), 403);
  await foreign.close();
});

step("a reload shows the same, by night too", async () => {
  const { alice } = world;
  await alice.page.emulateMedia({ colorScheme: "dark" });
  await alice.page.reload();
  await agent_said(alice, "Purchased 500 shares of ZEKO");
  await shot(alice.page, "night");
  await say(alice, "What is the forecast for ZEKO?");
  await agent_said(alice, "24 percent");
});

step("it is usable by keyboard alone", async () => {
  const { bob } = world;
  await bob.page.getByRole("button", { name: "New chat" }).focus();
  await bob.page.keyboard.press("Enter");
  await bob.page.getByLabel("Message").focus();
  await bob.page.keyboard.type("Buy 100 ZEKO");
  await bob.page.keyboard.press("Enter");
  await card(bob).waitFor();
  await bob.page.getByRole("button", { name: "Give up" }).focus();
  await bob.page.keyboard.press("Enter");
  await card(bob).waitFor({ state: "detached" });
});

const server = start_server();
let browser;
let failed = 0;
try {
  world.urls = await server.urls;
  browser = world.browser = await chromium.launch({
    executablePath: browser_path, headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", `--crash-dumps-dir=${profile}`],
  });
  world.alice = await person(browser, "alice", world.urls);
  world.bob = await person(browser, "bob", world.urls);
  for (const [name, run] of steps) {
    const begun = Date.now();
    try {
      await run();
      console.log(`ok   ${name} (${Date.now() - begun} ms)`);
    } catch (error) {
      ++failed;
      console.log(`FAIL ${name}: ${error.stack}`);
      for (const who of [world.alice, world.bob]) await who.page.screenshot({ path: join(folder, `failed-${who.name}.png`), fullPage: true }).catch(() => {});
      break; // what follows stands on it
    }
  }
  for (const who of [world.alice, world.bob]) {
    const real = who.errors.filter((text) => !/40[0-9]|ERR_/.test(text));
    if (real.length) { ++failed; console.log(`FAIL errors in ${who.name}'s page: ${real.join("; ")}`); }
  }
  const health = await fetch(new URL("/healthz", world.urls.chat.replace("localhost", "127.0.0.1")));
  const metrics = await (await fetch(new URL("/metrics", world.urls.chat.replace("localhost", "127.0.0.1")))).text();
  if (health.status !== 200 || !/^assent_\w+_total\{/m.test(metrics)) { ++failed; console.log(`FAIL healthz ${health.status} or metrics:\n${metrics.slice(0, 500)}`); }
} catch (error) {
  ++failed;
  console.log(`FAIL ${error.stack}`);
} finally {
  await browser?.close().catch(() => {});
  server.child.kill("SIGTERM");
  const code = await Promise.race([server.ended, new Promise((resolve) => setTimeout(() => resolve("no end"), 20_000).unref())]);
  if (code !== 0) { ++failed; console.log(`FAIL the server ended with ${code}`); server.child.kill("SIGKILL"); }
  rmSync(profile, { recursive: true, force: true });
}
console.log(`${steps.length} steps, ${shots} screenshots in ${folder}; ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
