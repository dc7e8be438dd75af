import { expect, type Locator, type Page } from "@playwright/test";

/** The bell, and the notifications that it or their own page lists. */
export class Inbox {
  readonly page: Page;
  readonly bell: Locator;
  /** The panel that the bell opens. */
  readonly panel: Locator;

  constructor(page: Page) {
    this.page = page;
    this.bell = page.getByRole("button", { name: /^Notifications/ });
    this.panel = page.getByRole("dialog", { name: "Notifications" });
  }

  /** Opens the bell's panel. */
  async open(): Promise<void> {
    await this.bell.click();
    await expect(this.panel).toBeVisible();
  }

  /** Opens the page that lists all notifications. */
  async goto(slug: string, query = ""): Promise<void> {
    await this.page.goto(`/o/${slug}/notifications${query}`);
    await expect(this.page.getByRole("heading", { level: 1, name: "Notifications" })).toBeVisible();
  }

  /** The notifications listed in the panel, or on the page while the panel is closed. */
  get rows(): Locator {
    return this.page.locator(".notifications").getByRole("listitem");
  }

  row(text: string): Locator {
    return this.rows.filter({ hasText: text });
  }

  async expectUnread(count: number, timeout?: number): Promise<void> {
    const name = count === 0 ? "Notifications" : `Notifications, ${count} unread`;
    await expect(this.page.getByRole("button", { name, exact: true })).toBeVisible({ timeout });
  }

  async mark(text: string, as: "read" | "unread"): Promise<void> {
    await this.row(text).getByRole("button", { name: `Mark as ${as}` }).click();
  }

  /** Marks a notification and waits for the server's answer; the page shows the mark before that. */
  async markAndWait(text: string, as: "read" | "unread"): Promise<void> {
    const answer = this.page.waitForResponse("**/api/notifications/mark");
    await this.mark(text, as);
    await answer;
  }
}
