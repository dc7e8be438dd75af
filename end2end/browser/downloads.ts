import { readFile } from "node:fs/promises";

import { type Download, expect, type Locator, type Page } from "@playwright/test";

import { showActions } from "./pages/head.ts";

/** Returns the content of a download. */
export async function readDownload(download: Download): Promise<string> {
  return readFile(await download.path(), "utf8");
}

/** Opens the dialog that exports the page's data. On phones its button is in the menu of the page's head. */
export async function openExport(page: Page): Promise<Locator> {
  await showActions(page);
  await page.getByRole("button", { name: "Export", exact: true }).filter({ visible: true }).click();
  const dialog = page.getByRole("dialog", { name: "Export" });
  await expect(dialog).toBeVisible();
  return dialog;
}

/** Downloads the page's data by that dialog, and waits until it has closed. */
export async function exportCsv(page: Page, { forExcel = false } = {}): Promise<string> {
  const dialog = await openExport(page);
  await dialog.getByRole("checkbox", { name: /for Excel/ }).setChecked(forExcel);
  const download = page.waitForEvent("download");
  await dialog.getByRole("link", { name: "Download" }).click();
  const file = await readDownload(await download);
  await expect(dialog).toBeHidden();
  return file;
}
