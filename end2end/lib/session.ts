import { randomBytes } from "node:crypto";

import { type CreatedKey, type Hub, type Organization, PASSWORD } from "./hub.ts";

/** The fields of a new key. Those left out have the initial values of the dashboard's form. */
interface NewKey {
  name?: string;
  level?: "read" | "standard";
  life?: "never" | { days: number };
}

/** A signed-in member, who calls the server as the dashboard does. */
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
    return new Session(hub, organization, (await startSession(hub, "sign_in", { email, password })).cookie);
  }

  /** Creates an account with an organization of its own; `names` are those of the person and the organization. */
  static async signUp(hub: Hub, names: { name?: string; organization?: string } = {}): Promise<Session> {
    const name = `company-${randomBytes(4).toString("hex")}`;
    const account = { email: `owner@${name}.example`, password: PASSWORD };
    const input = { ...account, name: "Mira Sorel", organization: name, time_zone: "UTC", ...names };
    const { cookie, slug } = await startSession(hub, "sign_up", input);
    return new Session(hub, { slug, ...account }, cookie);
  }

  /** Exports CSV as the page of `area` does at an address with this query. */
  async exportCsv(area: "calls" | "usage", query: Record<string, string> = {}): Promise<string> {
    const search = new URLSearchParams({ organization: this.organization.slug, ...query });
    const headers = { cookie: `${this.cookie.name}=${this.cookie.value}` };
    const response = await fetch(`${this.hub.url}/api/${area}/export.csv?${search}`, { headers });
    if (!response.ok) throw new Error(`the export of ${area} was answered with ${response.status}`);
    return response.text();
  }

  /** Calls the server function at `path`, and returns its answer. */
  async invoke<T>(path: string, input: Record<string, unknown> = {}): Promise<T> {
    const response = await post(this.hub, path, { organization: this.organization.slug, ...input }, this.cookie);
    return (await response.json()) as T;
  }

  /** Creates a key in the organization's first project. */
  async createKey({ name, level = "standard", life = "never" }: NewKey = {}): Promise<CreatedKey> {
    this.project ??= (await this.invoke<{ id: string }[]>("projects/list"))[0]?.id;
    const input = { name: name ?? `${level} key`, level, life, project_id: this.project };
    const { api_key, secret } = await this.invoke<{ api_key: { id: string }; secret: string }>("api_keys/create", { input });
    return { id: api_key.id, secret };
  }
}

/** The session that a sign-in or sign-up begins, and the organization it opens. */
interface NewSession {
  cookie: Session["cookie"];
  slug: string;
}

async function startSession(hub: Hub, action: "sign_in" | "sign_up", input: Record<string, string>): Promise<NewSession> {
  const response = await post(hub, `accounts/${action}`, { input });
  const [name, value] = response.headers.getSetCookie()[0]?.split(";")[0]?.split("=") ?? [];
  if (!name || !value) throw new Error(`${action} gave no cookie`);
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
