import type { Page } from "@playwright/test";

/** The fields of the sign-up form. */
export interface NewAccount {
  name: string;
  email: string;
  organization: string;
  password: string;
}

export class SignUpPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async open(): Promise<void> {
    await this.page.goto("/sign-up");
  }

  async fill({ name, email, organization, password }: NewAccount): Promise<void> {
    await this.page.getByLabel("Your name").fill(name);
    await this.page.getByLabel("Email").fill(email);
    await this.page.getByLabel("Organization").fill(organization);
    await this.page.getByLabel("Password").fill(password);
  }

  async submit(): Promise<void> {
    await this.page.getByRole("button", { name: "Create account" }).click();
  }
}
