import { expect, type Locator, type Page } from "@playwright/test";

export class ApiKeysPage {
  readonly page: Page;
  /** Asks for a new key, then shows its secret. */
  readonly creation: Locator;
  readonly secret: Locator;

  constructor(page: Page) {
    this.page = page;
    this.creation = page.getByRole("dialog");
    this.secret = page.getByTestId("secret");
  }

  async open(slug: string): Promise<void> {
    await this.page.goto(`/o/${slug}/keys`);
  }

  async startCreating(): Promise<void> {
    await this.page.getByRole("button", { name: "Create key" }).click();
    await expect(this.creation).toBeVisible();
  }

  /** Creates a key and gives its secret; the dialog that shows it stays open. */
  async create(name: string): Promise<string> {
    await this.startCreating();
    await this.creation.getByLabel("Name").fill(name);
    await this.submit();
    return (await this.secret.innerText()).trim();
  }

  async submit(): Promise<void> {
    await this.creation.getByRole("button", { name: "Create key" }).click();
  }

  /** Closes the dialog that shows the secret. */
  async storeSecret(): Promise<void> {
    await this.page.getByRole("button", { name: "I have stored it" }).click();
    await expect(this.creation).toBeHidden();
  }

  row(name: string): Locator {
    return this.page.getByRole("row").filter({ hasText: name });
  }

  /** Asks to revoke a key; the question stays open. */
  async startRevoking(name: string): Promise<Locator> {
    await this.page.getByRole("button", { name: `Acts for ${name}` }).click();
    await this.page.getByRole("menuitem", { name: "Revoke…" }).click();
    const question = this.page.getByRole("dialog", { name: `Revoke “${name}”?` });
    await expect(question).toBeVisible();
    return question;
  }
}
