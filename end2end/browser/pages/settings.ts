import { expect, type Locator, type Page } from "@playwright/test";

/** A section of the page. */
type Section = "Sessions" | "API keys" | "Request and response bodies" | "Calls";

/** The organization's settings. */
export class SettingsPage {
  readonly page: Page;
  /** The list of common maximum lifetimes of keys. */
  readonly lifetime: Locator;
  /** The field for another maximum lifetime, which "Custom…" shows. */
  readonly customLifetime: Locator;
  /** The bar that is there while something isn't saved. */
  readonly saveButton: Locator;
  readonly discardButton: Locator;
  /** The dialog that asks before unsaved changes are lost. */
  readonly leaveDialog: Locator;
  /** The dialog that asks before stored data is deleted. */
  readonly deletionDialog: Locator;
  /** The limits of the organization and its projects. */
  readonly rateLimits: Locator;

  constructor(page: Page) {
    this.page = page;
    const policy = this.section("API keys");
    this.lifetime = policy.getByLabel("Maximum lifetime", { exact: true });
    this.customLifetime = policy.getByLabel("Maximum lifetime (days)");
    this.saveButton = page.locator(".save-bar").getByRole("button", { name: "Save", exact: true });
    this.discardButton = page.locator(".save-bar").getByRole("button", { name: "Discard" });
    this.leaveDialog = page.getByRole("dialog", { name: "Leave without saving?" });
    this.deletionDialog = page.getByRole("dialog", { name: "Delete stored data?" });
    this.rateLimits = page.getByRole("region", { name: "Rate limits" });
  }

  async open(slug: string): Promise<void> {
    await this.page.goto(`/o/${slug}/settings`);
    await expect(this.lifetime).toBeVisible();
  }

  /** The section that has this heading. */
  section(name: Section): Locator {
    return this.page.getByRole("region", { name, exact: true });
  }

  /** Types a maximum lifetime that isn't in the list. */
  async typeLifetime(days: string): Promise<void> {
    await this.lifetime.selectOption({ label: "Custom…" });
    await this.customLifetime.fill(days);
  }

  /** Types a number of days that isn't in a section's list. */
  async typeDays(section: Section, days: string): Promise<void> {
    await this.section(section).getByLabel("Keep for").selectOption({ label: "Custom…" });
    await this.section(section).getByLabel("Days").fill(days);
  }

  /** Decides that bodies are stored for 30 days. */
  async storeBodies(): Promise<void> {
    const section = this.section("Request and response bodies");
    await section.getByRole("radio", { name: /^With request and response bodies/ }).check();
    await section.getByRole("button", { name: "Save choice" }).click();
    await expect(section.getByLabel("Keep for")).toHaveValue("30");
  }

  /** Saves valid input and waits until it is saved. */
  async saveAndWait(): Promise<void> {
    await this.saveButton.click();
    await expect(this.saveButton).toBeHidden();
  }

  /** Saves input that deletes data, confirms that, and waits until it is saved. */
  async saveAndDelete(): Promise<void> {
    await this.saveButton.click();
    await this.deletionDialog.getByRole("button", { name: "Save and delete" }).click();
    await expect(this.saveButton).toBeHidden();
  }

  /** The row of the organization's limits, or of a project's. */
  limitsOf(name: string): Locator {
    return this.rateLimits.getByRole("row").filter({ has: this.page.getByText(name, { exact: true }) });
  }

  /** Opens the form for the limits of the organization or of a project. */
  async editLimits(name: string): Promise<Locator> {
    await this.limitsOf(name).getByRole("button", { name: "Edit" }).click();
    const dialog = this.page.getByRole("dialog", { name: /^Rate limits of/ });
    await expect(dialog).toBeVisible();
    return dialog;
  }
}
