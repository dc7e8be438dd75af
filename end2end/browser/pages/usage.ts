import { type Download, expect, type Locator, type Page } from "@playwright/test";

export class UsagePage {
  readonly page: Page;
  readonly chart: Locator;
  /** The bars, which lead to the calls behind them; those without calls lead nowhere. */
  readonly bars: Locator;

  constructor(page: Page) {
    this.page = page;
    this.chart = page.getByRole("figure");
    this.bars = this.chart.getByRole("group", { name: "Bars" }).locator("a[href]");
  }

  async open(slug: string, query = ""): Promise<void> {
    await this.page.goto(`/o/${slug}/usage${query}`);
    await this.isLive();
  }

  /** Waits until the page follows the calls as they come. */
  async isLive(): Promise<void> {
    await expect(this.page.getByRole("main").getByText("Live", { exact: true })).toBeVisible();
  }

  /** What the tile called `label` says. */
  tile(label: string): Locator {
    return this.page.locator(".tile").filter({ has: this.page.getByText(label, { exact: true }) }).locator(".tile-value");
  }

  async exportCsv(): Promise<Download> {
    const download = this.page.waitForEvent("download");
    await this.page.getByRole("link", { name: "Export CSV" }).click();
    return download;
  }
}
