import type { Page } from "@playwright/test";

import type { CreatedKey } from "../lib/hub.ts";
import { Session } from "../lib/session.ts";
import { expectAccessible, expectToFit } from "./accessibility.ts";
import { expect, signIn, test } from "./fixtures.ts";
import { scaleTimeout } from "./pace.ts";
import { Inbox } from "./pages/inbox.ts";
import { UsagePage } from "./pages/usage.ts";
import { intercept } from "./routes.ts";

/** How long a notification may take until an open page shows it, in milliseconds. */
const LIVE_TIMEOUT = scaleTimeout(2_000);
/** How many notifications are loaded at once. */
const PAGE_SIZE = 30;

async function checkPage(page: Page): Promise<void> {
  await expectToFit(page);
  await expectAccessible(page);
}

test("a leaked key is on an open page's bell within two seconds, and leads to the key", { tag: "@widths" }, async ({ signedIn: page, hub, owner, organization }) => {
  const key = await owner.createKey({ name: "Web" });
  const inbox = new Inbox(page);
  const usage = new UsagePage(page);
  await usage.open(organization.slug);
  await inbox.expectUnread(0);
  await inbox.open();
  await expect(inbox.panel).toContainText("No notifications");
  await checkPage(page);
  await page.keyboard.press("Escape");
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));

  await hub.reportLeaks([key], "https://git.example/acme/web/.env");
  await inbox.expectUnread(1, LIVE_TIMEOUT);
  await expect(page).toHaveTitle("(1) Usage · Tollhouse");
  await inbox.open();
  await expect(inbox.rows).toHaveCount(1);
  await expect(inbox.rows).toContainText("“Web” leaked");
  await expect(inbox.rows).toContainText("https://git.example/acme/web/.env");
  await checkPage(page);

  await inbox.rows.getByRole("link").click();
  await expect(page).toHaveURL(`/o/${organization.slug}/keys/${key.id}`);
  await expect(inbox.panel).toBeHidden();
  await inbox.expectUnread(0);
  expect(await page.evaluate(() => "sameDocument" in window)).toBe(true);
  await page.reload();
  await inbox.expectUnread(0);
  await inbox.open();
  await expect(inbox.rows.getByRole("button", { name: "Mark as unread" })).toBeVisible();
});

test("two tabs agree on what is read", async ({ context, hub, owner, organization }) => {
  const [web, batch] = [await owner.createKey({ name: "Web" }), await owner.createKey({ name: "Batch" })];
  await signIn(context, owner);
  const [first, second] = [await context.newPage(), await context.newPage()];
  const [one, other] = [new Inbox(first), new Inbox(second)];
  await one.goto(organization.slug);
  await new UsagePage(second).open(organization.slug);

  await hub.reportLeaks([web, batch]);
  await one.expectUnread(2, LIVE_TIMEOUT);
  await other.expectUnread(2, LIVE_TIMEOUT);
  await expect(one.rows).toHaveCount(2);
  // Chromium draws a background tab only once a second.
  await first.bringToFront();
  await one.mark("Web", "read");
  await one.expectUnread(1);
  await other.expectUnread(1, LIVE_TIMEOUT);
  await second.bringToFront();
  await other.open();
  await expect(other.row("Batch").getByRole("button", { name: "Mark as read" })).toBeVisible();
  await other.mark("Web", "unread");
  await one.expectUnread(2, LIVE_TIMEOUT);
  await other.panel.getByRole("button", { name: "Mark all as read" }).click();
  await other.expectUnread(0);
  await one.expectUnread(0, LIVE_TIMEOUT);
  await expect(one.rows.getByRole("button", { name: "Mark as unread" })).toHaveCount(2);
  await first.bringToFront();
  await one.mark("Batch", "unread");
  await one.expectUnread(1);
  await other.expectUnread(1, LIVE_TIMEOUT);
});

test.describe("on a server that is started anew", () => {
  test.use({ ownServer: {} });

  test("what is read stays read, and open tabs reconnect", async ({ context, hub, owner, organization }) => {
    const [web, batch] = [await owner.createKey({ name: "Web" }), await owner.createKey({ name: "Batch" })];
    await hub.reportLeaks([web, batch]);
    await signIn(context, owner);
    const [first, second] = [await context.newPage(), await context.newPage()];
    const [one, other] = [new Inbox(first), new Inbox(second)];
    await new UsagePage(second).open(organization.slug);
    await other.open();
    await one.goto(organization.slug);
    // Chromium draws a background tab only once a second.
    await first.bringToFront();
    await one.markAndWait("Web", "read");
    await one.expectUnread(1);

    await hub.restart();
    await first.reload();
    await one.expectUnread(1);
    await expect(one.row("Batch").getByRole("button", { name: "Mark as read" })).toBeVisible();
    await expect(one.row("Web").getByRole("button", { name: "Mark as unread" })).toBeVisible();
    await hub.reportLeaks([await owner.createKey({ name: "Mobile" })]);
    await other.expectUnread(2);
    await expect(other.row("Mobile")).toBeVisible();
  });
});

test("the page of notifications is accessible, with some and with none", { tag: "@widths" }, async ({ signedIn: page, hub, owner, organization }) => {
  const [web, batch] = [await owner.createKey({ name: "Web" }), await owner.createKey({ name: "Batch" })];
  await hub.reportLeaks([web, batch]);
  const inbox = new Inbox(page);
  await inbox.goto(organization.slug);
  await inbox.markAndWait("Web", "read");
  await checkPage(page);
  await inbox.markAndWait("Batch", "read");
  await page.getByRole("button", { name: "Unread", exact: true }).click();
  await expect(page.getByRole("heading", { name: "You're all caught up" })).toBeVisible();
  await checkPage(page);
});

test("all notifications are reached page by page, and those that aren't read by a filter", async ({ signedIn: page, hub, owner, organization }) => {
  const keys: CreatedKey[] = [];
  for (let number = 0; number <= PAGE_SIZE; number++) keys.push(await owner.createKey({ name: `Key ${number}` }));
  // The last key is reported later, so that its notification is the newest.
  await hub.reportLeaks(keys.slice(0, PAGE_SIZE));
  await hub.reportLeaks(keys.slice(PAGE_SIZE));
  const inbox = new Inbox(page);
  await inbox.goto(organization.slug);
  await expect(inbox.rows).toHaveCount(PAGE_SIZE);
  await page.getByRole("button", { name: "Load older" }).click();
  await expect(inbox.rows).toHaveCount(PAGE_SIZE + 1);
  await expect(page.getByRole("button", { name: "Load older" })).toBeHidden();

  await page.getByRole("button", { name: "Unread", exact: true }).click();
  await expect(page).toHaveURL(/\?show=unread$/);
  await expect(inbox.rows).toHaveCount(PAGE_SIZE);
  const read = `“Key ${PAGE_SIZE}”`;
  await inbox.markAndWait(read, "read");
  await inbox.expectUnread(PAGE_SIZE);
  await page.reload();
  await expect(inbox.rows).toHaveCount(PAGE_SIZE);
  await expect(inbox.row(read)).toHaveCount(0);
  const marked = page.waitForResponse("**/api/notifications/mark");
  await page.getByRole("button", { name: "Mark all as read" }).click();
  await inbox.expectUnread(0);
  await marked;
  await page.reload();
  await expect(page.getByRole("heading", { name: "You're all caught up" })).toBeVisible();
  await page.goBack();
  await expect(inbox.rows).toHaveCount(PAGE_SIZE);
});

test("a mark that is taken back elsewhere at once is noticed", async ({ signedIn: page, hub, owner, key, organization }) => {
  await hub.reportLeaks([key]);
  const inbox = new Inbox(page);
  await inbox.goto(organization.slug);
  await inbox.expectUnread(1);
  await inbox.markAndWait("leaked", "read");
  await owner.invoke("notifications/mark", { ids: null, read: false });
  await inbox.expectUnread(1);
  await expect(inbox.rows.getByRole("button", { name: "Mark as read" })).toBeVisible();
});

test("the bell is used without a mouse", async ({ signedIn: page, hub, key, organization }) => {
  await hub.reportLeaks([key]);
  const inbox = new Inbox(page);
  await new UsagePage(page).open(organization.slug);
  await inbox.bell.focus();
  await page.keyboard.press("Enter");
  await expect(inbox.panel).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(inbox.panel.getByRole("button", { name: "Mark all as read" })).toBeFocused();
  await expect(inbox.rows).toHaveCount(1);
  await page.keyboard.press("Tab");
  await expect(inbox.rows.getByRole("link")).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await inbox.expectUnread(0);
  await expect(inbox.rows.getByRole("button", { name: "Mark as unread" })).toBeFocused();
  await page.keyboard.press("Enter");
  await inbox.expectUnread(1);
  await page.keyboard.press("Escape");
  await expect(inbox.panel).toBeHidden();
  await expect(inbox.bell).toBeFocused();
  await page.keyboard.press("g");
  await page.keyboard.press("n");
  await expect(page).toHaveURL(`/o/${organization.slug}/notifications`);
});

test("when the server fails, the inbox says so, and what wasn't marked is unread again", async ({ signedIn: page, hub, key, organization }) => {
  await hub.reportLeaks([key]);
  const inbox = new Inbox(page);
  await inbox.goto(organization.slug);
  const error = { code: "internal", detail: { reference: "a1b2c3" } };
  await page.route("**/api/notifications/mark", (route) => route.fulfill({ status: 500, json: error }));
  await inbox.rows.getByRole("button", { name: "Mark as read" }).click();
  await expect(page.getByRole("status").filter({ hasText: "a1b2c3" })).toBeVisible();
  await inbox.expectUnread(1);
  await expect(inbox.rows.getByRole("button", { name: "Mark as read" })).toBeVisible();

  const repair = await intercept(page, "**/api/notifications/list", (route) => route.fulfill({ status: 500, json: error }));
  await page.getByRole("button", { name: "Unread", exact: true }).click();
  await expect(page.getByRole("alert").filter({ hasText: "a1b2c3" })).toBeVisible();
  // It tries again by itself.
  repair();
  await expect(inbox.rows).toHaveCount(1);
});

test("a member without an inbox has no bell", async ({ page, hub, organization }) => {
  const viewer = { email: `viewer@${organization.slug}.example`, password: organization.password };
  const role = ["--email", viewer.email, "--name", "Vi", "--org", organization.slug, "--role", "viewer"];
  await hub.runCommand(["user", "create", ...role, "--password-stdin"], viewer.password);
  await signIn(page.context(), await Session.signIn(hub, { slug: organization.slug, ...viewer }));
  await new UsagePage(page).open(organization.slug);
  await expect(new Inbox(page).bell).toHaveCount(0);
  await page.goto(`/o/${organization.slug}/notifications`);
  await expect(page.getByRole("main")).toContainText("Notifications");
  await expect(page.getByRole("main").getByRole("listitem")).toHaveCount(0);
});
