import { expect, type Locator, type Page } from "@playwright/test";

export class LogsPage {
  readonly page: Page;
  /** The open call, beside the list. */
  readonly call: Locator;
  /** The search, with its suggestions. */
  readonly search: Locator;
  readonly suggestions: Locator;
  /** The button that shows the new calls that wait. */
  readonly newCalls: Locator;
  /** The bars above the list. */
  readonly bars: Locator;

  constructor(page: Page) {
    this.page = page;
    this.call = page.getByRole("complementary", { name: "Call" });
    this.search = page.getByRole("combobox", { name: "Search calls" });
    this.suggestions = page.getByRole("listbox", { name: "Suggestions" }).getByRole("option");
    this.newCalls = page.getByRole("button", { name: /new calls/ });
    this.bars = page.getByRole("region", { name: "Calls over time" }).locator("li a");
  }

  async open(slug: string, query = ""): Promise<void> {
    await this.page.goto(`/o/${slug}/logs${query}`);
  }

  /** Waits until the page shows new calls as they come. */
  async waitUntilLive(): Promise<void> {
    await expect(this.page.getByRole("main").getByText("Live", { exact: true })).toBeVisible();
  }

  /** Shows the filters, which are in a sheet on phones. */
  async showFilters(): Promise<void> {
    const button = this.page.getByRole("button", { name: /^Filters/ });
    if ((await button.isVisible()) && !(await this.search.isVisible())) await button.click();
  }

  /** Closes the sheet of filters, which is open on phones only. */
  async hideFilters(): Promise<void> {
    const done = this.page.getByRole("dialog", { name: "Filters" }).getByRole("button", { name: "Done" });
    if (await done.isVisible()) await done.click();
  }

  /** The rows of calls, without the header. */
  get rows(): Locator {
    return this.page.locator(".call-list").getByRole("table").locator("tbody tr");
  }

  async openCall(row: Locator): Promise<void> {
    await row.getByRole("link").first().click();
    await expect(this.call).toBeVisible();
  }

  /** The text of one body of the open call. */
  body(side: "Request" | "Response"): Locator {
    return this.call.locator(`pre[aria-label="${side}"]`);
  }
}
