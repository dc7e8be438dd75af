import { test as base, type Page } from "@playwright/test";

import { type CreatedKey, Hub, type Organization } from "../lib/hub.ts";

export { expect } from "@playwright/test";

interface Fixtures {
  /** An organization of the test's own, with its owner. */
  organization: Organization;
  /** A key of it that may call models. */
  key: CreatedKey;
  /** A page that the owner is signed in on; still empty. */
  signedIn: Page;
}

export const test = base.extend<Fixtures, { hub: Hub }>({
  hub: [
    async ({}, use) => {
      const hub = await Hub.start();
      await use(hub);
      await hub.stop();
    },
    { scope: "worker" },
  ],
  baseURL: async ({ hub }, use) => use(hub.url),
  organization: async ({ hub }, use) => use(await hub.organization()),
  key: async ({ hub, organization }, use) => use(await hub.key(organization)),
  signedIn: async ({ page, organization }, use) => {
    await signIn(page, organization);
    await use(page);
  },
});

/** Signs in as the browser's pages do, without showing them. */
export async function signIn(page: Page, { email, password }: Pick<Organization, "email" | "password">): Promise<void> {
  const response = await page.request.post("/api/accounts/sign_in", {
    headers: { "sec-fetch-site": "same-origin" },
    data: { input: { email, password } },
  });
  if (!response.ok()) throw new Error(`signing in was answered with ${response.status()}`);
}
