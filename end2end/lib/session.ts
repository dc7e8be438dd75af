import type { Hub, Organization } from "./hub.ts";

/** What the dashboard asks of its server, signed in as an organization's owner. */
export class Session {
  private readonly hub: Hub;
  private readonly slug: string;
  private readonly cookie: string;

  private constructor(hub: Hub, slug: string, cookie: string) {
    this.hub = hub;
    this.slug = slug;
    this.cookie = cookie;
  }

  static async signIn(hub: Hub, { slug, email, password }: Pick<Organization, "slug" | "email" | "password">): Promise<Session> {
    const response = await fetch(`${hub.url}/api/accounts/sign_in`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: hub.url },
      body: JSON.stringify({ input: { email, password } }),
    });
    const cookie = response.headers.getSetCookie()[0]?.split(";")[0];
    if (!response.ok || !cookie) throw new Error(`signing in was answered with ${response.status}`);
    return new Session(hub, slug, cookie);
  }

  /** The CSV of `area`, `calls` or `usage`, as a page's address with this query would export it. */
  async csv(area: "calls" | "usage", query: Record<string, string> = {}): Promise<string> {
    const search = new URLSearchParams({ organization: this.slug, ...query });
    const response = await fetch(`${this.hub.url}/api/${area}/export.csv?${search}`, { headers: { cookie: this.cookie } });
    if (!response.ok) throw new Error(`the export of ${area} was answered with ${response.status}`);
    return response.text();
  }

  /** The answer of the server function at `path`. */
  async ask<T>(path: string, input: Record<string, unknown> = {}): Promise<T> {
    const response = await fetch(`${this.hub.url}/api/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: this.hub.url, cookie: this.cookie },
      body: JSON.stringify({ organization: this.slug, ...input }),
    });
    if (!response.ok) throw new Error(`${path} was answered with ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }
}
