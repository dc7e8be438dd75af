import { type Download, expect, type Locator, type Page } from "@playwright/test";

import { showActions } from "./head.ts";

export class UsagePage {
  readonly page: Page;
  readonly chart: Locator;
  /** The bars with calls, which are links to them. */
  readonly bars: Locator;

  constructor(page: Page) {
    this.page = page;
    this.chart = page.getByRole("figure");
    this.bars = this.chart.getByRole("group", { name: "Bars" }).locator("a[href]");
  }

  async open(slug: string, query = ""): Promise<void> {
    await this.page.goto(`/o/${slug}/usage${query}`);
    await this.waitUntilLive();
  }

  /** Waits until the page shows new calls as they come. */
  async waitUntilLive(): Promise<void> {
    // On phones it is behind "More actions".
    await expect(this.page.getByRole("main").getByText("Live", { exact: true })).toBeAttached();
  }

  /** The value of the tile called `label`. */
  tile(label: string): Locator {
    return this.page.locator(".tile").filter({ has: this.page.getByText(label, { exact: true }) }).locator(".tile-value");
  }

  async exportCsv(): Promise<Download> {
    await showActions(this.page);
    const download = this.page.waitForEvent("download");
    await this.page.getByRole("link", { name: "Export CSV" }).click();
    return download;
  }
}
