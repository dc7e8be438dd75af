import { expect, type Locator, type Page } from "@playwright/test";

/** A form of the page, which is saved separately. */
type Section = "Sessions" | "API keys" | "Requests and responses" | "Calls";

/** The organization's settings. */
export class SettingsPage {
  readonly page: Page;
  readonly longestLife: Locator;
  /** The dialog that asks before unsaved changes are lost. */
  readonly leaveDialog: Locator;
  /** The limits of the organization and its projects. */
  readonly rateLimits: Locator;

  constructor(page: Page) {
    this.page = page;
    this.longestLife = page.getByLabel("Longest life in days");
    this.leaveDialog = page.getByRole("dialog", { name: "Leave without saving?" });
    this.rateLimits = page.getByRole("region", { name: "Rate limits" });
  }

  async open(slug: string): Promise<void> {
    await this.page.goto(`/o/${slug}/settings`);
    await expect(this.longestLife).toBeVisible();
  }

  /** The form that has this heading. */
  section(name: Section): Locator {
    return this.page.locator("form").filter({ has: this.page.getByRole("heading", { name, exact: true }) });
  }

  async save(section: Section): Promise<void> {
    await this.section(section).getByRole("button", { name: "Save" }).click();
  }

  /** Saves valid input and waits until it is saved. */
  async saveAndWait(section: Section): Promise<void> {
    await this.save(section);
    await expect(this.section(section).getByRole("button", { name: "Save" })).toHaveAttribute("aria-disabled", "true");
  }

  /** The row of the organization's limits, or of a project's. */
  limitsOf(name: string): Locator {
    return this.rateLimits.getByRole("row").filter({ hasText: name });
  }

  /** Opens the form for the limits of the organization or of a project. */
  async editLimits(name: string): Promise<Locator> {
    await this.limitsOf(name).getByRole("button", { name: "Edit" }).click();
    const dialog = this.page.getByRole("dialog", { name: /^Rate limits of/ });
    await expect(dialog).toBeVisible();
    return dialog;
  }
}
