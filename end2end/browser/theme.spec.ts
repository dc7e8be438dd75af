import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures.ts";

const readBackground = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

test("the theme follows the system until one is chosen, which stays", async ({ signedIn: page, organization }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(`/o/${organization.slug}`);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  const light = await readBackground(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(() => readBackground(page)).not.toBe(light);
  const dark = await readBackground(page);

  await page.emulateMedia({ colorScheme: "light" });
  await page.getByRole("button", { name: /^Account/ }).filter({ visible: true }).first().click();
  await page.getByRole("menuitem", { name: "Dark" }).click();
  await expect.poll(() => readBackground(page)).toBe(dark);
  await page.reload();
  await expect.poll(() => readBackground(page)).toBe(dark);
});
