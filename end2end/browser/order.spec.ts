import type { Page, WebSocketRoute } from "@playwright/test";

import { Session } from "../lib/session.ts";
import { call } from "./client.ts";
import { expect, signIn, test } from "./fixtures.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";
import { Inbox } from "./pages/inbox.ts";
import { SettingsPage } from "./pages/settings.ts";
import { UsagePage } from "./pages/usage.ts";
import { intercept } from "./routes.ts";

// Answers that come late or in another order, presses before there is code for them, other tabs: these tests provoke each time
// what a slow machine or network does by chance.

interface HeldAnswer {
  /** Resolves when the server has answered. */
  arrival: Promise<void>;
  release: () => void;
}

/** Holds back the answer to the next request for `path`, after the server has given it. */
async function holdAnswer(page: Page, path: string): Promise<HeldAnswer> {
  const [arrival, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const end = await intercept(page, `**${path}`, async (route) => {
    end();
    const response = await route.fetch();
    arrival.resolve();
    await release.promise;
    await route.fulfill({ response });
  });
  return { arrival: arrival.promise, release: release.resolve };
}

/** Keeps the page from connecting to the server's live updates; returns a function that lets it connect. */
async function holdConnection(page: Page): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  await page.routeWebSocket(/\/api\/live/, async (socket: WebSocketRoute) => {
    await promise;
    socket.connectToServer();
  });
  return resolve;
}

/** Records each label that the bell gets; returns a function that reads them. */
async function recordBellLabels(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const bellLabels: string[] = [];
    const bell = document.querySelector(".bell");
    const record = () => bellLabels.push(bell?.getAttribute("aria-label") ?? "");
    if (bell) new MutationObserver(record).observe(bell, { attributeFilter: ["aria-label"] });
    Object.assign(window, { bellLabels });
  });
  return () => page.evaluate(() => (window as unknown as { bellLabels: string[] }).bellLabels);
}

test("an answer that was overtaken by a mark brings nothing back", async ({ signedIn: page, hub, organization, key }) => {
  await hub.reportLeaks([key]);
  const inbox = new Inbox(page);
  await inbox.goto(organization.slug);
  await inbox.expectUnread(1);

  // Opening the bell requests the list again; the server still answers that one isn't read.
  const held = await holdAnswer(page, "/api/notifications/list");
  await inbox.open();
  await held.arrival;
  const readLabels = await recordBellLabels(page);
  const marked = page.waitForResponse("**/api/notifications/mark");
  await inbox.panel.getByRole("button", { name: "Mark all as read" }).click();
  await marked;
  await inbox.expectUnread(0);
  const late = page.waitForResponse("**/api/notifications/list");
  held.release();
  await (await late).finished();
  await page.keyboard.press("Escape");
  await inbox.expectUnread(0);
  await expect(inbox.rows.getByRole("button", { name: "Mark as unread" })).toBeVisible();
  expect(await readLabels()).toEqual(["Notifications"]);
});

test.describe("while the database is locked", () => {
  // The tests that share a server would wait for its lock too.
  test.use({ ownServer: {} });

  test("what was marked stays marked where the page is reloaded before the server has answered", async ({ signedIn: page, hub, organization, key }) => {
    await hub.reportLeaks([key]);
    const inbox = new Inbox(page);
    await inbox.goto(organization.slug);
    await inbox.expectUnread(1);
    const unlock = hub.lockDatabase();
    await inbox.bell.click();
    await inbox.panel.getByRole("button", { name: "Mark all as read" }).click();
    await page.reload({ waitUntil: "commit" });
    unlock();
    await inbox.expectUnread(0);
  });
});

test("a mark that another tab takes back before this one hears of it is taken back here", async ({ signedIn: page, hub, owner, organization, key }) => {
  await hub.reportLeaks([key]);
  const inbox = new Inbox(page);
  const connect = await holdConnection(page);
  await inbox.goto(organization.slug);
  await inbox.expectUnread(1);
  const held = await holdAnswer(page, "/api/notifications/mark");
  await inbox.rows.getByRole("button", { name: "Mark as read" }).click();
  await held.arrival;
  await inbox.expectUnread(0);
  await owner.invoke("notifications/mark", { ids: null, read: false });
  connect();
  held.release();
  await inbox.expectUnread(1);
  await expect(inbox.rows.getByRole("button", { name: "Mark as read" })).toBeVisible();
});

test("what happened before the page was connected is on it", async ({ signedIn: page, hub, owner, organization, key }) => {
  await hub.reportLeaks([await owner.createKey()]);
  const inbox = new Inbox(page);
  const connect = await holdConnection(page);
  await page.goto(`/o/${organization.slug}/usage`);
  await inbox.expectUnread(1);
  await expect(page.getByText("No calls yet")).toBeVisible();
  await owner.invoke("notifications/mark", { ids: null, read: true });
  await call(hub, key.secret);
  connect();
  await inbox.expectUnread(0);
  await expect(page.getByRole("figure")).toBeVisible();
});

test("a menu stays open while the table under it is refreshed, which then shows what came", async ({ signedIn: page, hub, organization, key: { secret } }) => {
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  await expect(keys.row("standard key")).not.toContainText("127.0.0.1");
  const held = await holdAnswer(page, "/api/api_keys/list");
  await call(hub, secret);
  await held.arrival;
  await page.getByRole("button", { name: "Actions for standard key" }).click();
  const edit = page.getByRole("menuitem", { name: "Edit…" });
  await expect(edit).toBeVisible();
  const late = page.waitForResponse("**/api/api_keys/list");
  held.release();
  await (await late).finished();
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  await expect(edit).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(keys.row("standard key")).toContainText("127.0.0.1");
});

test("a button stays where it is while the page connects", { tag: "@widths" }, async ({ signedIn: page, organization }) => {
  const connect = await holdConnection(page);
  await new ApiKeysPage(page).open(organization.slug);
  const create = page.getByRole("button", { name: "Create key" });
  const sign = (text: string) => page.getByRole("main").getByText(text, { exact: true });
  await expect(sign("Connecting…")).toBeAttached();
  const before = await create.boundingBox();
  connect();
  await expect(sign("Live")).toBeAttached();
  expect(await create.boundingBox()).toEqual(before);
});

test("a press before the dialog's code has come opens it once, when it comes", async ({ signedIn: page, organization }) => {
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  const { promise, resolve } = Promise.withResolvers<void>();
  await page.route(/\.wasm$/, async (route) => {
    await promise;
    await route.continue();
  });
  const create = page.getByRole("button", { name: "Create key" });
  const steps = await page.evaluate(() => history.length);
  await create.dblclick();
  await expect(page.getByText("Loading what was asked for")).toBeAttached();
  await create.click();
  resolve();
  await expect(page.getByRole("dialog", { name: "Create key" })).toBeVisible();
  await expect(page.getByText("Loading what was asked for")).toBeHidden();
  expect(await page.evaluate(() => history.length)).toBe(steps + 1);
  await page.goBack();
  await expect(page.getByRole("dialog")).toBeHidden();
  await create.click();
  await expect(page.getByRole("dialog", { name: "Create key" })).toBeVisible();
});

test("a form that is sent before it is known what may be chosen is sent then, once", async ({ signedIn: page, organization }) => {
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  const held = await holdAnswer(page, "/api/api_keys/policy");
  await page.getByRole("button", { name: "Create key" }).click();
  await held.arrival;
  let sent = 0;
  page.on("request", (request) => (sent += Number(request.url().endsWith("/api/api_keys/create"))));
  await keys.creation.getByLabel("Name").fill("Early");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await expect(keys.creation.getByRole("button", { name: "Create key" })).toHaveAttribute("aria-busy", "true");
  expect(sent).toBe(0);
  held.release();
  await expect(keys.secret).toBeVisible();
  expect(sent).toBe(1);
});

test("a page that is come back to before the next one's code has come is as it was, and guarded still", async ({ signedIn: page, organization }) => {
  const settings = new SettingsPage(page);
  const home = `/o/${organization.slug}`;
  await settings.open(organization.slug);
  await settings.typeLifetime("45");
  const { promise, resolve } = Promise.withResolvers<void>();
  await page.route(/\.wasm$/, async (route) => {
    await promise;
    await route.continue();
  });
  const leave = () => page.getByRole("link", { name: "Logs" }).filter({ visible: true }).first().click();
  await leave();
  await settings.leaveDialog.getByRole("button", { name: "Leave" }).click();
  await expect(page).toHaveURL(`${home}/logs`);
  await page.goBack();
  await expect(page).toHaveURL(`${home}/settings`);
  await expect(settings.customLifetime).toHaveValue("45");
  resolve();
  await leave();
  await expect(settings.leaveDialog).toBeVisible();
  await expect(page).toHaveURL(`${home}/settings`);
});

test("what is typed before the palette's code has come is in it", async ({ signedIn: page, organization }) => {
  await new UsagePage(page).open(organization.slug);
  const { promise, resolve } = Promise.withResolvers<void>();
  await page.route(/\.wasm$/, async (route) => {
    await promise;
    await route.continue();
  });
  await page.keyboard.press("Control+k");
  await page.keyboard.type("g settings");
  for (let letter = 0; letter < "g settings".length; letter++) await page.keyboard.press("Backspace");
  await page.keyboard.type("logs");
  await expect(page).toHaveURL(/\/usage$/);
  resolve();
  await expect(page.getByRole("combobox")).toHaveValue("logs");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/logs$/);
});

test("the focus stays where somebody types, though the page began elsewhere", async ({ browser, hub }) => {
  const page = await browser.newPage();
  // Holds frames back until `draw` is called, as on a machine that is slow to draw.
  await page.addInitScript(() => {
    const held: FrameRequestCallback[] = [];
    window.requestAnimationFrame = (callback) => held.push(callback);
    Object.assign(window, { draw: () => held.splice(0).forEach((callback) => callback(performance.now())) });
  });
  const draw = () => page.evaluate(() => (window as unknown as { draw: () => void }).draw());
  await page.goto(`${hub.url}/sign-in`);
  await expect(page.getByLabel("Email")).toBeFocused();
  await page.getByLabel("Password").focus();
  await page.keyboard.type("a horse");
  await draw();
  await page.keyboard.type(" of another");
  await expect(page.getByLabel("Password")).toHaveValue("a horse of another");
  await expect(page.getByLabel("Email")).toHaveValue("");
  await page.close();
});

test("tabs share one session: its end asks in all of them, and signing in goes on in all", async ({ context, signedIn: page, hub, organization }) => {
  const other = await context.newPage();
  const settings = new SettingsPage(other);
  await settings.open(organization.slug);
  await settings.typeLifetime("41");
  await new UsagePage(page).open(organization.slug);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("Sign out");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/sign-in/);
  await expect(other.getByRole("dialog").getByLabel("Password")).toBeVisible();

  await page.getByLabel("Email").fill(organization.email);
  await page.getByLabel("Password").fill(organization.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(other.getByRole("dialog")).toBeHidden();
  await expect(settings.customLifetime).toHaveValue("41");

  await test.step("another account's session shows nothing of the first", async () => {
    const stranger = await Session.signUp(hub);
    await signIn(context, stranger);
    await other.evaluate(() => localStorage.setItem("session", "another tab's"));
    await expect(page.getByRole("heading", { name: "Page not found" })).toBeVisible();
  });
});

test("an answer about who is signed in that a newer one has overtaken asks for no password", async ({ context, signedIn: page, owner, organization }) => {
  const settings = new SettingsPage(page);
  await settings.open(organization.slug);
  await settings.typeLifetime("41");
  const anotherTab = () => page.evaluate(() => window.dispatchEvent(new StorageEvent("storage", { key: "session" })));
  const signedOut = await holdAnswer(page, "/api/accounts/welcome");
  await context.clearCookies();
  await anotherTab();
  await signedOut.arrival;

  await signIn(context, owner);
  const newer = page.waitForResponse("**/api/accounts/welcome");
  await anotherTab();
  await (await newer).finished();
  const overtaken = page.waitForResponse("**/api/accounts/welcome");
  signedOut.release();
  await (await overtaken).finished();
  await page.evaluate(() => new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen))));
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(settings.customLifetime).toHaveValue("41");
});

test("two tabs change settings beside each other without undoing what the other did", async ({ signedIn: page, owner, organization }) => {
  const settings = new SettingsPage(page);
  await settings.open(organization.slug);
  await settings.section("Sessions").getByLabel("Sign out after").selectOption({ label: "Custom…" });
  await settings.section("Sessions").getByLabel("Minutes").fill("45");
  await owner.invoke("organizations/update_settings", { changes: { key_policy: { expiry_required: true, longest_life_days: 60 } } });
  await settings.saveAndWait();
  const saved = await owner.invoke<{ session_idle_minutes: number; key_policy: object }>("organizations/settings");
  expect(saved.session_idle_minutes).toBe(45);
  expect(saved.key_policy).toEqual({ expiry_required: true, longest_life_days: 60 });
});
