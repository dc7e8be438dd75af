import { expect, type Locator, type Page } from "@playwright/test";

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

  /** The tile that shows `metric` on the chart when it is pressed. */
  metric(metric: string): Locator {
    return this.page.getByRole("list", { name: "Metric" }).getByRole("button", { name: new RegExp(`^${metric}`) });
  }

  /** The chart's legend. */
  get legend(): Locator {
    return this.chart.getByRole("list", { name: "Legend" });
  }

  /** The levels through which the page was narrowed. */
  get levels(): Locator {
    return this.page.getByRole("navigation", { name: "Breadcrumbs" }).getByRole("listitem");
  }

  /** The filters that can be taken away. */
  get chips(): Locator {
    return this.page.getByRole("list", { name: "Filters" }).getByRole("listitem");
  }

  /** Chooses an entry of the menu whose button begins with `menu`: `Group by`, `Metric`, `Compare with`. */
  async choose(menu: string, entry: string): Promise<void> {
    await this.page.getByRole("button", { name: new RegExp(`^${menu}`) }).click();
    await this.page.getByRole("menuitem", { name: entry, exact: true }).click();
  }

  /** The values of the bar that is read. */
  get tooltip(): Locator {
    return this.chart.locator(".chart-tip");
  }

  /** The rows of the table of groups, without header and sums. */
  get groups(): Locator {
    return this.page.getByRole("table", { name: "Usage by group" }).locator("tbody tr");
  }
}
