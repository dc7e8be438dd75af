import { expect, type Locator, type Page } from "@playwright/test";

/** The steps to an organization's first call, on its overview. */
export class FirstSteps {
  readonly page: Page;
  readonly name: Locator;
  readonly create: Locator;
  readonly secret: Locator;
  readonly snippet: Locator;
  readonly copySnippet: Locator;
  /** Shown once the first call is there. */
  readonly arrival: Locator;
  readonly leaveDialog: Locator;

  constructor(page: Page) {
    this.page = page;
    this.name = page.getByRole("main").getByLabel("Name");
    this.create = page.getByRole("main").getByRole("button", { name: "Create key" });
    this.secret = page.getByTestId("secret");
    this.snippet = page.getByRole("region", { name: "Snippet" });
    this.copySnippet = page.getByRole("button", { name: "Copy snippet" });
    this.arrival = page.getByRole("heading", { name: "Your first call is here" });
    this.leaveDialog = page.getByRole("dialog", { name: "Leave without saving the key?" });
  }

  async open(slug: string): Promise<void> {
    await this.page.goto(`/o/${slug}`);
    await expect(this.page.getByText("Waiting for the first call…")).toBeVisible();
  }

  /** Creates a key and returns its secret. */
  async createKey(): Promise<string> {
    await this.create.click();
    return (await this.secret.innerText()).trim();
  }

  /** Returns the text to paste of a shell or a language. */
  async readSnippet(label: string): Promise<string> {
    const tab = this.page.getByRole("tab", { name: label });
    await tab.click();
    await expect(tab).toHaveAttribute("aria-selected", "true");
    return this.snippet.innerText();
  }
}
