/**
 * The official clients of OpenAI and Anthropic, and what is built upon them, unmodified, against a running Tollhouse: the
 * built-in sandbox, and a provider that is a stand-in. What the tests note of what their clients were told is compared at
 * the end with what Tollhouse recorded.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Hub, type Organization } from "../lib/hub.ts";
import { Session } from "../lib/session.ts";
import { Upstream } from "../lib/upstream.ts";
import { CONFIGURATION, UPSTREAM_KEY } from "./configuration.ts";
import { reconcile, type Told } from "./reconcile.ts";

const here = import.meta.dirname;
const NODE_TESTS = readdirSync(here).filter((file) => file.endsWith(".test.ts"));

/** Runs a command in this folder with its output on ours, and tells its exit status. */
async function show(program: string, args: string[], environment: Record<string, string>): Promise<number> {
  const child = spawn(program, args, { cwd: here, env: { ...process.env, ...environment }, stdio: "inherit" });
  const [code] = await once(child, "close");
  return code ?? 1;
}

/** The keys that the tests call with, as environment variables. */
async function keys(hub: Hub, organization: Organization): Promise<Record<string, string>> {
  const standard = await hub.key(organization);
  const readOnly = await hub.key(organization, "read");
  const narrow = await hub.key(organization, "standard", "--model", "sandbox-1");
  const revoked = await hub.key(organization);
  await hub.command(["key", "revoke", revoked.id]);
  const admin = await hub.key(organization, "admin");
  // Of another organization, so that what clients were told still adds up in this one.
  const events = await hub.key(await hub.organization(), "admin", "--scope", "events.write");
  const projects = await hub.command<{ id: string }[]>(["project", "list", "--org", organization.slug]);
  const byOwner = { name: "by its owner", project_id: projects[0]?.id, level: "standard" };
  await (await Session.signIn(hub, organization)).ask("api_keys/create", { input: byOwner });
  return {
    ADMIN_KEY: admin.secret,
    EVENTS_KEY: events.secret,
    PROJECT: projects[0]?.id ?? "",
    KEY: standard.secret,
    READ_KEY: readOnly.secret,
    SANDBOX_ONLY_KEY: narrow.secret,
    REVOKED_KEY: revoked.secret,
  };
}

async function test(hub: Hub, upstream: Upstream, notes: string): Promise<void> {
  const organization = await hub.organization();
  // What is asked of all endpoints is another organization's, so that what clients were told still adds up in this one.
  const endpoints = await hub.key(await hub.organization());
  const environment = {
    ...(await keys(hub, organization)),
    BASE_URL: `${hub.url}/v1`,
    ENDPOINTS_KEY: endpoints.secret,
    UPSTREAM_URL: upstream.url,
    UPSTREAM_KEY,
    NOTES: notes,
  };
  const python = process.env.TOLLHOUSE_PYTHON ?? "python3";
  assert.equal(await show(process.execPath, ["--test", ...NODE_TESTS], environment), 0, "the tests of Node's clients failed");
  assert.equal(await show(python, ["-m", "pytest", "-q", "-p", "no:cacheprovider"], environment), 0, "the tests of Python's clients failed");

  const told = readFileSync(notes, "utf8").trim().split("\n").map((line) => JSON.parse(line) as Told);
  await reconcile(told, await Session.signIn(hub, organization));
  for (const { headers } of upstream.asked) {
    const keys = [headers.authorization, headers["x-api-key"]].filter((key) => key !== undefined);
    const own = keys.every((key) => key === UPSTREAM_KEY || key === `Bearer ${UPSTREAM_KEY}`);
    assert.ok(own && keys.length > 0, "the provider saw a key that isn't its own");
    assert.ok(!JSON.stringify(headers).includes("toll_"), "the provider saw a client's key");
  }
}

const folder = mkdtempSync(join(tmpdir(), "tollhouse-sdk-"));
const upstream = await Upstream.start();
const hub = await Hub.start(CONFIGURATION(upstream.url), { UPSTREAM_KEY });
try {
  await test(hub, upstream, join(folder, "notes.jsonl"));
} finally {
  await hub.stop();
  await upstream.stop();
  rmSync(folder, { recursive: true });
}
