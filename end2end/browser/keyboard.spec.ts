import type { Page } from "@playwright/test";

import { call } from "./client.ts";
import { expect, test } from "./fixtures.ts";
import { ApiKeyPage } from "./pages/api_key.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";
import { LogsPage } from "./pages/logs.ts";
import { UsagePage } from "./pages/usage.ts";

/** Presses Tab until `isTarget` holds for the element with the focus. */
async function tabTo(page: Page, isTarget: (element: Element) => boolean): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(`(${isTarget})(document.activeElement ?? document.body)`)) return;
  }
  throw new Error("Tab never reached the element");
}

test("a key is created and revoked without a mouse, and the focus comes back", async ({ signedIn: page, organization }) => {
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  await expect(page.getByRole("button", { name: "Create key" })).toBeVisible();
  await tabTo(page, (element) => element.textContent?.trim() === "Create key");
  await page.keyboard.press("Enter");
  await expect(keys.creation).toBeVisible();
  await expect(keys.creation.getByLabel("Name")).toBeFocused();
  await page.keyboard.type("Typed");
  await page.keyboard.press("Enter");
  await expect(keys.secret).toBeVisible();
  await tabTo(page, (element) => element.textContent?.trim() === "Done, I've saved it");
  await page.keyboard.press("Enter");
  await expect(keys.row("Typed")).toBeVisible();
});

test("a key is restricted without a mouse, and a sentence says what it may do", async ({ signedIn: page, organization }) => {
  const [keys, key] = [new ApiKeysPage(page), new ApiKeyPage(page)];
  await keys.open(organization.slug, "?new=key");
  await expect(keys.creation.getByLabel("Name")).toBeFocused();
  await page.keyboard.type("Restricted");
  const sentence = keys.creation.getByRole("status");
  await expect(sentence).toHaveText(/^Can call all models in Default from anywhere, until \d+ \w+ \d{4}\.$/);

  await test.step("what is folded is skipped, and unfolded with Enter", async () => {
    await tabTo(page, (element) => element.matches("summary") && element.textContent?.startsWith("Restrictions") === true);
    await page.keyboard.press("Tab");
    await expect(page.locator("summary:focus")).toContainText("Limits");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await tabTo(page, (element) => element.textContent?.startsWith("Selected") === true);
    await page.keyboard.press("Enter");
    await expect(sentence).toContainText("Can use no permissions yet");
    await tabTo(page, (element) => element.matches("[type=checkbox]"));
    await page.keyboard.press("Space");
    await expect(sentence).toContainText("Can use Chat with all models in Default from anywhere");
    await expect(keys.creation.getByText("Chat, all models, any IP")).toBeVisible();
  });

  await test.step("a limit that is wrong is unfolded again", async () => {
    await tabTo(page, (element) => element.matches("summary") && element.textContent?.startsWith("Limits") === true);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.type("0");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await expect(keys.creation.getByLabel("Requests per minute")).toBeHidden();
    await tabTo(page, (element) => element.textContent?.trim() === "Create key");
    await page.keyboard.press("Enter");
    await expect(keys.creation.getByLabel("Requests per minute")).toBeFocused();
    await page.keyboard.press("Control+A");
    await page.keyboard.type("60");
    await expect(sentence).toHaveText(/60 requests per minute\.$/);
    await page.keyboard.press("Enter");
  });

  await expect(keys.secret).toBeVisible();
  await tabTo(page, (element) => element.textContent?.trim() === "Done, I've saved it");
  await page.keyboard.press("Enter");
  await keys.openKey("Restricted");
  const fact = (name: string) => key.settings.locator("dt", { hasText: name }).locator("+ dd");
  await expect(fact("Permissions")).toHaveText("Chat");
  await expect(fact("Requests per minute")).toHaveText("60");
  await expect(key.settings.getByText("All models, any IP, no key limit, no reminder")).toBeVisible();
});

test("the chart is read and followed with the arrow keys", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  // The month has a single bar on its first day.
  await usage.open(organization.slug, "?range=7d");
  await expect(usage.bars).toHaveCount(1);
  await tabTo(page, (element) => element.matches(".chart-link"));
  await expect(usage.bars).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await expect(usage.bars).not.toBeFocused();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await expect(new LogsPage(page).rows).toHaveCount(1);
});

test("the command palette finds a page", async ({ signedIn: page, organization }) => {
  await page.goto(`/o/${organization.slug}`);
  // The painted shell, which is shown first, handles no keys.
  await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.type("logs");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`/o/${organization.slug}/logs`);
});

test("the first Tab offers to skip to the content", async ({ signedIn: page, organization }) => {
  await page.goto(`/o/${organization.slug}/usage`);
  await new UsagePage(page).waitUntilLive();
  await page.keyboard.press("Tab");
  await expect(page.locator(":focus")).toHaveText(/skip to/i);
});

test("shortcuts of single keys can be switched off, and never fire while the user types", async ({ signedIn: page, hub, key, organization }) => {
  const { requestId } = await call(hub, key.secret);
  const { requestId: newer } = await call(hub, key.secret);
  const press = async (...keys: string[]) => {
    for (const one of keys) await page.keyboard.press(one);
  };
  await page.goto("/account");
  await page.getByLabel("Name").focus();
  await press("g", "u", "?", "/");
  await expect(page.getByLabel("Name")).toHaveValue(/gu\?\/$/);
  await expect(page).toHaveURL("/account");
  await page.getByRole("radio", { name: /^Off/ }).check();
  await page.getByRole("heading", { level: 1 }).focus();
  await press("g", "u", "?", "/");
  await expect(page).toHaveURL("/account");
  await expect(page.getByRole("dialog")).toHaveCount(0);

  await page.reload();
  await expect(page.getByRole("radio", { name: /^Off/ })).toBeChecked();
  await press("Control+k");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.type("shortcuts");
  await press("Enter");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toContainText("turned off");
  await press("Escape");

  const logs = new LogsPage(page);
  await logs.open(organization.slug, `?call=${newer}`);
  await expect(logs.call).toContainText(newer);
  await press("j");
  await expect(page).toHaveURL(new RegExp(newer));
  await page.getByRole("button", { name: "Older call" }).click();
  await expect(logs.call).toContainText(requestId);

  await page.goto("/account");
  await page.getByRole("radio", { name: /^On/ }).check();
  await page.getByRole("heading", { level: 1 }).focus();
  await press("g", "u");
  await expect(page).toHaveURL(`/o/${organization.slug}/usage`);
  await logs.open(organization.slug, `?call=${newer}`);
  await expect(logs.call).toContainText(newer);
  await press("j");
  await expect(logs.call).toContainText(requestId);
});
