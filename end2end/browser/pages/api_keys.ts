import { expect, type Locator, type Page } from "@playwright/test";

/** The list of keys, and the dialogs that change them. */
export class ApiKeysPage {
  readonly page: Page;
  /** The dialog that creates a key and then shows its secret. */
  readonly creation: Locator;
  readonly secret: Locator;
  readonly status: Locator;
  readonly bulk: Locator;

  constructor(page: Page) {
    this.page = page;
    this.creation = page.getByRole("dialog");
    this.secret = page.getByTestId("secret");
    this.status = page.getByRole("navigation", { name: "Status" });
    this.bulk = page.getByRole("region", { name: "Selected keys" });
  }

  async open(slug: string, query = ""): Promise<void> {
    await this.page.goto(`/o/${slug}/keys${query}`);
  }

  async startCreating(): Promise<void> {
    await this.page.getByRole("button", { name: "Create key" }).click();
    await expect(this.creation).toBeVisible();
  }

  /** Creates a key and returns its secret; the dialog that shows it stays open. */
  async create(name: string): Promise<string> {
    await this.startCreating();
    await this.creation.getByLabel("Name").fill(name);
    await this.submit();
    return this.readSecret();
  }

  /** Unfolds a part of the form. */
  async unfold(title: "Restrictions" | "Limits" | "Details"): Promise<void> {
    await unfold(this.creation, title);
  }

  async submit(): Promise<void> {
    await this.creation.getByRole("button", { name: "Create key" }).click();
  }

  async readSecret(): Promise<string> {
    return (await this.secret.innerText()).trim();
  }

  /** Closes the dialog that shows the secret. */
  async storeSecret(): Promise<void> {
    await this.page.getByRole("button", { name: "Done, I've saved it" }).click();
    await expect(this.creation).toBeHidden();
  }

  /** The rows of keys, without the header. */
  get rows(): Locator {
    return this.page.getByRole("table", { name: "API keys" }).locator("tbody tr");
  }

  row(name: string): Locator {
    return this.rows.filter({ hasText: name });
  }

  /** Opens the dialog of an item in a key's menu. */
  async act(name: string, item: string): Promise<Locator> {
    await this.page.getByRole("button", { name: `Actions for ${name}` }).click();
    await this.page.getByRole("menuitem", { name: item }).click();
    const dialog = this.page.getByRole("dialog");
    await expect(dialog).toBeVisible();
    return dialog;
  }

  /** Opens the question whether to revoke a key. */
  async startRevoking(name: string): Promise<Locator> {
    await this.act(name, "Revoke…");
    const question = this.page.getByRole("dialog", { name: `Revoke “${name}”?` });
    await expect(question).toBeVisible();
    return question;
  }

  /** Opens the page of one key. */
  async openKey(name: string): Promise<void> {
    await this.row(name).getByRole("link", { name, exact: true }).click();
    await expect(this.page.getByRole("heading", { level: 1, name })).toBeVisible();
  }
}

/** Unfolds a part of a dialog, whose line begins with `title`. */
export async function unfold(dialog: Locator, title: string): Promise<void> {
  await dialog.locator("summary").filter({ hasText: new RegExp(`^\\s*${title}\\b`) }).click();
}
