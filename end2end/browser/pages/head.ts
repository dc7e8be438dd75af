import type { Page } from "@playwright/test";

/** Opens the sheet with the page's other actions, such as the export, where a phone's head has one. */
export async function showActions(page: Page): Promise<void> {
  await openSheet(page, /^More actions$/);
}

/** Opens the sheet with the page's filters, where a phone's head has one. */
export async function showFilters(page: Page): Promise<void> {
  await openSheet(page, /^Filters/);
}

async function openSheet(page: Page, name: RegExp): Promise<void> {
  // 700 px, from where on what is in the sheets is in line.
  if ((page.viewportSize()?.width ?? 0) < 700) await page.getByRole("main").getByRole("button", { name }).click();
}
