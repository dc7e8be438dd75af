import { expect, type Locator, type Page } from "@playwright/test";

/** A key's own page. */
export class ApiKeyPage {
  readonly page: Page;
  readonly dialog: Locator;
  readonly settings: Locator;
  readonly rotation: Locator;
  readonly history: Locator;

  constructor(page: Page) {
    this.page = page;
    this.dialog = page.getByRole("dialog");
    this.settings = page.getByRole("region", { name: "Settings" });
    this.rotation = page.getByRole("region", { name: /^Rotating/ });
    this.history = page.getByRole("main").getByRole("list").filter({ hasText: "Created" });
  }

  async tab(name: "Overview" | "Calls" | "History"): Promise<void> {
    await this.page.getByRole("navigation", { name: "About this key" }).getByRole("link", { name }).click();
  }

  /** Presses one of the page's buttons; the dialog that opens stays open. */
  async act(name: "Edit" | "Rotate" | "Revoke" | "End now" | "Extend"): Promise<Locator> {
    await this.page.getByRole("main").getByRole("button", { name, exact: true }).click();
    await expect(this.dialog).toBeVisible();
    return this.dialog;
  }

  /** Rotates it; the dialog that shows the new secret stays open. */
  async rotate(grace: string): Promise<string> {
    const dialog = await this.act("Rotate");
    await dialog.getByRole("radio", { name: grace }).check();
    await dialog.getByRole("button", { name: "Rotate key" }).click();
    return (await this.page.getByTestId("secret").innerText()).trim();
  }
}
