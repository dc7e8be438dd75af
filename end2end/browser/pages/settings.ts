import { expect, type Locator, type Page } from "@playwright/test";

/** The organization's settings. */
export class SettingsPage {
  readonly page: Page;
  readonly longestLife: Locator;
  /** Asks before unsaved changes are left. */
  readonly leaving: Locator;

  constructor(page: Page) {
    this.page = page;
    this.longestLife = page.getByLabel("Longest life in days");
    this.leaving = page.getByRole("dialog", { name: "Leave without saving?" });
  }

  async open(slug: string): Promise<void> {
    await this.page.goto(`/o/${slug}/settings`);
    await expect(this.longestLife).toBeVisible();
  }

  /** The form that has this heading. */
  section(name: "Sessions" | "API keys"): Locator {
    return this.page.locator("form").filter({ has: this.page.getByRole("heading", { name, exact: true }) });
  }

  async save(section: "Sessions" | "API keys"): Promise<void> {
    await this.section(section).getByRole("button", { name: "Save" }).click();
  }
}
