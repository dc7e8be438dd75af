import { randomBytes } from "node:crypto";

import { type CreatedKey, type Hub, type Organization, PASSWORD } from "./hub.ts";

/** What a key is made with; whatever is left out is as the dashboard's form begins. */
interface NewKey {
  name?: string;
  level?: "read" | "standard";
  life?: "never" | { days: number };
}

/** Somebody who is signed in, and what the dashboard asks of its server for them. */
export class Session {
  readonly hub: Hub;
  readonly organization: Organization;
  /** The cookie that the browser would send. */
  readonly cookie: { name: string; value: string };
  private project: string | undefined;

  private constructor(hub: Hub, organization: Organization, cookie: Session["cookie"]) {
    this.hub = hub;
    this.organization = organization;
    this.cookie = cookie;
  }

  static async signIn(hub: Hub, organization: Organization): Promise<Session> {
    const { email, password } = organization;
    return new Session(hub, organization, (await enter(hub, "sign_in", { email, password })).cookie);
  }

  /** Makes an account with an organization of its own. */
  static async signUp(hub: Hub): Promise<Session> {
    const name = `company-${randomBytes(4).toString("hex")}`;
    const account = { email: `owner@${name}.example`, password: PASSWORD };
    const input = { ...account, name: "Mira Sorel", organization: name, time_zone: "UTC" };
    const { cookie, slug } = await enter(hub, "sign_up", input);
    return new Session(hub, { slug, ...account }, cookie);
  }

  /** The CSV of `area`, `calls` or `usage`, as a page's address with this query would export it. */
  async csv(area: "calls" | "usage", query: Record<string, string> = {}): Promise<string> {
    const search = new URLSearchParams({ organization: this.organization.slug, ...query });
    const headers = { cookie: `${this.cookie.name}=${this.cookie.value}` };
    const response = await fetch(`${this.hub.url}/api/${area}/export.csv?${search}`, { headers });
    if (!response.ok) throw new Error(`the export of ${area} was answered with ${response.status}`);
    return response.text();
  }

  /** The answer of the server function at `path`. */
  async ask<T>(path: string, input: Record<string, unknown> = {}): Promise<T> {
    const response = await post(this.hub, path, { organization: this.organization.slug, ...input }, this.cookie);
    return (await response.json()) as T;
  }

  /** Makes a key in the organization's first project. */
  async key({ name, level = "standard", life = "never" }: NewKey = {}): Promise<CreatedKey> {
    this.project ??= (await this.ask<{ id: string }[]>("projects/list"))[0]?.id;
    const input = { name: name ?? `${level} key`, level, life, project_id: this.project };
    const { api_key, secret } = await this.ask<{ api_key: { id: string }; secret: string }>("api_keys/create", { input });
    return { id: api_key.id, secret };
  }
}

/** Whoever is let in, and where they are then. */
interface Entered {
  cookie: Session["cookie"];
  slug: string;
}

async function enter(hub: Hub, door: "sign_in" | "sign_up", input: Record<string, string>): Promise<Entered> {
  const response = await post(hub, `accounts/${door}`, { input });
  const [name, value] = response.headers.getSetCookie()[0]?.split(";")[0]?.split("=") ?? [];
  if (!name || !value) throw new Error(`${door} gave no cookie`);
  const { viewer } = (await response.json()) as { viewer: { last_organization: string } };
  return { cookie: { name, value }, slug: viewer.last_organization };
}

async function post(hub: Hub, path: string, body: object, cookie?: Session["cookie"]): Promise<Response> {
  const response = await fetch(`${hub.url}/api/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: hub.url, ...(cookie && { cookie: `${cookie.name}=${cookie.value}` }) },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path} was answered with ${response.status}: ${await response.text()}`);
  return response;
}
