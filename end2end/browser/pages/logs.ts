import { expect, type Locator, type Page } from "@playwright/test";

export class LogsPage {
  readonly page: Page;
  /** The open call, beside the list. */
  readonly call: Locator;

  constructor(page: Page) {
    this.page = page;
    this.call = page.getByRole("complementary", { name: "Call" });
  }

  async open(slug: string, query = ""): Promise<void> {
    await this.page.goto(`/o/${slug}/logs${query}`);
  }

  /** The rows of calls, without the header. */
  get rows(): Locator {
    return this.page.getByRole("table").locator("tbody tr");
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
