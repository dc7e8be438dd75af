import { type BrowserContext, test as base, type Page } from "@playwright/test";

import { type CreatedKey, Hub, type Organization } from "../lib/hub.ts";
import { Session } from "../lib/session.ts";
import { STEADY } from "./pace.ts";
import { unsettle } from "./steady.ts";

export { expect } from "@playwright/test";

/** The configuration of a test's own server. */
export interface Configuration {
  /** Its tollhouse.toml. */
  toml?: string;
  environment?: Record<string, string>;
}

interface Fixtures {
  /** For tests that need a server of their own; all others share one. */
  ownServer: Configuration | undefined;
  hub: Hub;
  /** The owner of an organization of the test's own, signed in. */
  owner: Session;
  organization: Organization;
  /** A key of it that may call models. */
  key: CreatedKey;
  /** An empty page with the owner signed in. */
  signedIn: Page;
}

export const test = base.extend<Fixtures>({
  ownServer: [undefined, { option: true }],
  hub: async ({ ownServer }, use) => {
    if (!ownServer) return use(Hub.fromLocation(process.env.TEST_HUB ?? ""));
    const hub = await Hub.start(ownServer.toml, ownServer.environment);
    try {
      await use(hub);
    } finally {
      await hub.stop();
    }
  },
  baseURL: async ({ hub }, use) => use(hub.url),
  owner: async ({ hub }, use) => use(await Session.signUp(hub)),
  organization: async ({ owner }, use) => use(owner.organization),
  key: async ({ owner }, use) => use(await owner.createKey()),
  context: async ({ context }, use, test) => {
    const settle = STEADY ? await unsettle(context, test) : undefined;
    await use(context);
    await settle?.();
  },
  signedIn: async ({ page, owner }, use) => {
    await signIn(page.context(), owner);
    await use(page);
  },
});

/** Signs all pages of a browser context in, with the cookie of a session. */
export async function signIn(context: BrowserContext, { hub, cookie }: Session): Promise<void> {
  await context.addCookies([{ ...cookie, url: hub.url, httpOnly: true, sameSite: "Lax" }]);
}
