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
  /** The values by which the list can be narrowed, with their counts. */
  readonly facets: Locator;
  /** The table of calls, of whose rows only those around the window are in the document. */
  readonly table: Locator;

  constructor(page: Page) {
    this.page = page;
    this.call = page.getByRole("complementary", { name: "Call" });
    this.search = page.getByRole("combobox", { name: "Search calls" });
    this.suggestions = page.getByRole("listbox", { name: "Suggestions" }).getByRole("option");
    this.newCalls = page.getByRole("button", { name: /new calls?;/ });
    this.bars = page.getByRole("region", { name: "Calls over time" }).locator("li a");
    this.facets = page.getByRole("region", { name: "Values to filter by" });
    this.table = page.locator(".call-list").getByRole("table");
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
    await expect(button.or(this.search).filter({ visible: true }).first()).toBeVisible();
    if (await this.search.isVisible()) return;
    await button.click();
    await expect(this.search).toBeVisible();
  }

  /** Closes the sheet of filters, which is open on phones only. */
  async hideFilters(): Promise<void> {
    const done = this.page.getByRole("dialog", { name: "Filters" }).getByRole("button", { name: "Done" });
    if (!(await done.isVisible())) return;
    await done.click();
    await expect(done).toBeHidden();
  }

  /** The rows of calls in the document, without the header. */
  get rows(): Locator {
    return this.table.locator("tbody tr[aria-rowindex]");
  }

  /** The row at a place in the whole list, from 0; it is in the document only while it is near the window. */
  row(index: number): Locator {
    return this.table.locator(`tbody tr[aria-rowindex="${index + 2}"]`);
  }

  /** The headers of the columns that are shown. */
  get columns(): Locator {
    return this.table.getByRole("columnheader").filter({ visible: true });
  }

  /** A value by which the list can be narrowed. */
  facet(dimension: string, value: string | RegExp): Locator {
    const list = this.facets.locator("details", { has: this.page.locator("summary", { hasText: dimension }) });
    return list.getByRole("link").filter({ hasText: value });
  }

  /** Types a search and applies it. */
  async searchFor(text: string): Promise<void> {
    await this.search.fill(text);
    await this.search.press("Enter");
  }

  /** Scrolls the page to a place, in pixels from its top, for which more calls may have to be loaded. */
  async scrollTo(place: number): Promise<void> {
    await expect(async () => {
      const scrolled = await this.page.evaluate((y) => (scrollTo(0, y), scrollY), place);
      expect(scrolled).toBe(place);
    }).toPass();
  }

  /** Chooses the columns besides the time, and no others. */
  async chooseColumns(...names: string[]): Promise<void> {
    await this.page.getByRole("button", { name: "Columns" }).click();
    const dialog = this.page.getByRole("dialog", { name: "Columns" });
    await expect(dialog.getByRole("checkbox").first()).toBeVisible();
    for (const box of await dialog.getByRole("checkbox").all()) await box.uncheck();
    for (const name of names) await dialog.getByRole("checkbox", { name, exact: true }).check();
    await dialog.getByRole("button", { name: "Save" }).click();
    await expect(dialog).toBeHidden();
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
