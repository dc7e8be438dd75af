import type { Page } from "@playwright/test";

import { expect, signIn, test } from "./fixtures.ts";
import { ApiKeysPage } from "./pages/api_keys.ts";
import { UsagePage } from "./pages/usage.ts";

/** Reads everything that this site has stored in the browser, except cookies. */
async function readStorage(page: Page): Promise<unknown> {
  return page.evaluate(async () => ({
    local: Object.keys(localStorage).sort(),
    session: Object.keys(sessionStorage),
    databases: (await indexedDB.databases()).map((database) => database.name),
    caches: await caches.keys(),
  }));
}

test("a browser keeps nothing of an organization, and shows nothing of it after signing out", async ({
  signedIn: page,
  organization,
}) => {
  const keys = new ApiKeysPage(page);
  await keys.open(organization.slug);
  await keys.create("Of nobody's business");
  await keys.storeSecret();
  await new UsagePage(page).open(organization.slug);
  await page.getByRole("button", { name: /^Account/ }).filter({ visible: true }).first().click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  // This notifies other tabs that the session has changed; it holds only the time.
  expect(await readStorage(page)).toEqual({ local: ["session"], session: [], databases: [], caches: [] });
  expect(await page.evaluate(() => localStorage.getItem("session"))).toMatch(/^\d+$/);
  expect(await page.content()).not.toContain(organization.email);

  await page.goBack();
  await expect(page).toHaveURL(/\/sign-in/);
  expect(await page.content()).not.toContain(organization.email);
});

test("passwords are hidden, and may be pasted and filled in", async ({ page, owner }) => {
  const password = "pasted from elsewhere";
  await page.goto("/sign-up");
  await page.getByLabel("Your name").fill(password);
  await page.getByLabel("Your name").press("Control+A");
  await page.getByLabel("Your name").press("Control+C");
  const created = page.getByLabel("Password");
  await created.press("Control+V");
  await expect(created).toHaveValue(password);
  await expect(created).toHaveAttribute("type", "password");
  await expect(created).toHaveAttribute("autocomplete", "new-password");

  await page.goto("/sign-in");
  const shown = page.getByLabel("Password");
  await shown.press("Control+V");
  await expect(shown).toHaveValue(password);
  await expect(shown).toHaveAttribute("type", "password");
  await expect(shown).toHaveAttribute("autocomplete", "current-password");

  await signIn(page.context(), owner);
  await page.goto("/account");
  for (const [label, kind] of [
    ["Current password", "current-password"],
    ["New password", "new-password"],
  ] as const) {
    await expect(page.getByLabel(label)).toHaveAttribute("type", "password");
    await expect(page.getByLabel(label)).toHaveAttribute("autocomplete", kind);
    await page.getByLabel(label).press("Control+V");
    await expect(page.getByLabel(label)).toHaveValue(password);
  }
});
