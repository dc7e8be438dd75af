import { expect, type Locator, type Page } from "@playwright/test";

import { showActions } from "./head.ts";

/** Buttons of the page's head. */
const HEAD_BUTTONS = ["Edit", "Rotate", "Revoke"];

/** The page of one key. */
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

  async openTab(name: "Overview" | "Calls" | "History"): Promise<void> {
    await this.page.getByRole("navigation", { name: "About this key" }).getByRole("link", { name }).click();
  }

  /** Opens the dialog of one of the page's buttons. */
  async act(name: "Edit" | "Rotate" | "Revoke" | "End now" | "Extend"): Promise<Locator> {
    if (HEAD_BUTTONS.includes(name)) await showActions(this.page);
    await this.page.getByRole("main").getByRole("button", { name, exact: true }).click();
    await expect(this.dialog).toBeVisible();
    return this.dialog;
  }

  /** Rotates the key and returns its new secret; the dialog that shows it stays open. */
  async rotate(grace: string): Promise<string> {
    const dialog = await this.act("Rotate");
    await dialog.getByRole("radio", { name: grace }).check();
    await dialog.getByRole("button", { name: "Rotate key" }).click();
    return (await this.page.getByTestId("secret").innerText()).trim();
  }
}
