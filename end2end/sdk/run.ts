/**
 * Runs the official clients of OpenAI and Anthropic, and frameworks built on them, unmodified against a running Tollhouse
 * with its built-in sandbox and a mock provider. The tests note what their clients read of each call; at the end, the
 * notes are compared with what Tollhouse recorded.
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
import { buildConfiguration, UPSTREAM_KEY } from "./configuration.ts";
import { type CallNote, reconcile } from "./reconcile.ts";

const here = import.meta.dirname;
const NODE_TESTS = readdirSync(here).filter((file) => file.endsWith(".test.ts"));

/** Runs a test program in this folder, prints its output, and returns its exit status. */
async function runTests(program: string, args: string[], environment: Record<string, string>): Promise<number> {
  const child = spawn(program, args, { cwd: here, env: { ...process.env, ...environment }, stdio: "inherit" });
  const [code] = await once(child, "close");
  return code ?? 1;
}

/** Creates the keys that the tests call with; returns them as environment variables. */
async function createKeys(hub: Hub, organization: Organization): Promise<Record<string, string>> {
  const standard = await hub.createKey(organization);
  const readOnly = await hub.createKey(organization, "read");
  const narrow = await hub.createKey(organization, "standard", "--model", "sandbox-1");
  const revoked = await hub.createKey(organization);
  await hub.runCommand(["key", "revoke", revoked.id]);
  const admin = await hub.createKey(organization, "admin");
  // Of another organization, so that all calls of this one are noted.
  const events = await hub.createKey(await hub.createOrganization(), "admin", "--scope", "events.write");
  const projects = await hub.runCommand<{ id: string }[]>(["project", "list", "--org", organization.slug]);
  const byOwner = { name: "by its owner", project_id: projects[0]?.id, level: "standard" };
  await (await Session.signIn(hub, organization)).invoke("api_keys/create", { input: byOwner });
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

async function runAll(hub: Hub, upstream: Upstream, notes: string): Promise<void> {
  const organization = await hub.createOrganization();
  // The tests of all endpoints use another organization, so that all calls of this one are noted.
  const endpoints = await hub.createKey(await hub.createOrganization());
  // So do those of usage, which compare its sums with their own calls.
  const used = await hub.createOrganization();
  const environment = {
    ...(await createKeys(hub, organization)),
    BASE_URL: `${hub.url}/v1`,
    ENDPOINTS_KEY: endpoints.secret,
    USAGE_KEY: (await hub.createKey(used)).secret,
    USAGE_ADMIN_KEY: (await hub.createKey(used, "admin")).secret,
    UPSTREAM_URL: upstream.url,
    UPSTREAM_KEY,
    NOTES: notes,
  };
  const python = process.env.TOLLHOUSE_PYTHON ?? "python3";
  assert.equal(await runTests(process.execPath, ["--test", ...NODE_TESTS], environment), 0, "the tests of Node's clients failed");
  assert.equal(await runTests(python, ["-m", "pytest", "-q", "-p", "no:cacheprovider"], environment), 0, "the tests of Python's clients failed");

  const callNotes = readFileSync(notes, "utf8").trim().split("\n").map((line) => JSON.parse(line) as CallNote);
  await reconcile(callNotes, await Session.signIn(hub, organization));
  for (const { headers } of upstream.requests) {
    const keys = [headers.authorization, headers["x-api-key"]].filter((key) => key !== undefined);
    const own = keys.every((key) => key === UPSTREAM_KEY || key === `Bearer ${UPSTREAM_KEY}`);
    assert.ok(own && keys.length > 0, "the provider saw a key that isn't its own");
    assert.ok(!JSON.stringify(headers).includes("toll_"), "the provider saw a client's key");
  }
}

const folder = mkdtempSync(join(tmpdir(), "tollhouse-sdk-"));
const upstream = await Upstream.start();
const hub = await Hub.start(buildConfiguration(upstream.url), { UPSTREAM_KEY });
try {
  await runAll(hub, upstream, join(folder, "notes.jsonl"));
} finally {
  await hub.stop();
  await upstream.stop();
  rmSync(folder, { recursive: true });
}
