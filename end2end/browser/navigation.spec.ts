import { Session } from "../lib/session.ts";
import { call } from "./client.ts";
import { expect, signIn, test } from "./fixtures.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";
import { UsagePage } from "./pages/usage.ts";

const PAGES: [path: string, heading: string | RegExp][] = [
  ["", /.+/],
  ["/keys", "API keys"],
  ["/logs", "Logs"],
  ["/usage", "Usage"],
  ["/settings", "Settings"],
];

test("every page of the menu opens, by the menu and by its address", { tag: "@widths" }, async ({ signedIn: page, organization }) => {
  for (const [path, heading] of PAGES) {
    await page.goto(`/o/${organization.slug}${path}`);
    await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
  }
  await page.getByRole("link", { name: "Usage" }).filter({ visible: true }).first().click();
  await expect(page).toHaveURL(`/o/${organization.slug}/usage`);
  await page.goBack();
  await expect(page).toHaveURL(`/o/${organization.slug}/settings`);
});

test("a page without an organization leads to the last one's", async ({ signedIn: page, organization }) => {
  await page.goto(`/o/${organization.slug}/keys`);
  await page.goto("/usage");
  await expect(page).toHaveURL(`/o/${organization.slug}/usage`);
});

test("what needs a session leads to the sign-in, and from there to the page that was requested", async ({ page, organization }) => {
  await page.goto(`/o/${organization.slug}/usage?range=7d`);
  await expect(page).toHaveURL(/\/sign-in/);
  await page.getByLabel("Email").fill(organization.email);
  await page.getByLabel("Password").fill(organization.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(`/o/${organization.slug}/usage?range=7d`);
});

test("another organization's page looks just like one that doesn't exist", async ({ signedIn: page, hub }) => {
  const { organization: other } = await Session.signUp(hub);
  const texts: string[] = [];
  for (const slug of [other.slug, "there-is-no-such-organization"]) {
    await page.goto(`/o/${slug}/keys`);
    await expect(page.getByRole("heading", { name: "Page not found" })).toBeVisible();
    texts.push((await page.getByRole("main").innerText()).replaceAll(slug, "…"));
  }
  expect(texts[0]).toBe(texts[1]);
});

test("an unknown page says so, and leads back", async ({ signedIn: page, organization }) => {
  await page.goto(`/o/${organization.slug}/nothing-here`);
  await expect(page.getByRole("heading", { name: "Page not found" })).toBeVisible();
  await page.getByRole("main").getByRole("link").first().click();
  await expect(page).toHaveURL(new RegExp(`^${new URL(page.url()).origin}/o/${organization.slug}$`));
});

test("range, view and group are in the address, survive a reload, and Back undoes them", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug);
  await page.getByRole("button", { name: "Hourly" }).click();
  await expect(page).toHaveURL(/view=hour/);
  await page.reload();
  await expect(page.getByRole("button", { name: "Hourly" })).toHaveAttribute("aria-pressed", "true");
  await page.goBack();
  await expect(page.getByRole("button", { name: "Daily" })).toHaveAttribute("aria-pressed", "true");
});

test("two tabs: what one creates, the other shows after a reload; signing out ends both", async ({ context, owner, organization }) => {
  await signIn(context, owner);
  const [first, second] = [await context.newPage(), await context.newPage()];
  const [keys, others] = [new ApiKeysPage(first), new ApiKeysPage(second)];
  await keys.open(organization.slug);
  await others.open(organization.slug);
  // Chromium draws a background tab only once a second.
  await first.bringToFront();
  await keys.create("From the first tab");
  await keys.storeSecret();
  await second.reload();
  await expect(others.row("From the first tab")).toBeVisible();
  await first.getByRole("button", { name: /^Account/ }).filter({ visible: true }).first().click();
  await first.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(first).toHaveURL(/\/sign-in/);
  await second.reload();
  await expect(second).toHaveURL(/\/sign-in/);
});
