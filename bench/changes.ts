/** How soon a server obeys what another process did to a key, here the command line: a second is promised. */
import { Hub, type Organization } from "../end2end/lib/hub.ts";
import { median, table } from "./table.ts";

const TIMES = 20;

interface Row {
  what: string;
  median_ms: number;
  slowest_ms: number;
}

export async function changes(): Promise<Row[]> {
  const hub = await Hub.start();
  try {
    const organization = await hub.createOrganization();
    const rows = [
      await measure("revoked", hub, organization, (id) => ["key", "revoke", id]),
      await measure("scope taken", hub, organization, (id) => ["key", "edit", id, "--scope", "chat"]),
      await measure("rotated without grace", hub, organization, (id) => ["key", "rotate", id, "--grace", "0"]),
    ];
    table(
      `From a change's end until the last call began that didn't obey it (${TIMES} times)`,
      ["what was done to a key", "median ms", "slowest ms"],
      rows.map(({ what, median_ms, slowest_ms }) => [what, median_ms, slowest_ms]),
    );
    return rows;
  } finally {
    await hub.stop();
  }
}

async function measure(what: string, hub: Hub, organization: Organization, change: (id: string) => string[]): Promise<Row> {
  const times: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const { id, secret } = await hub.createKey(organization);
    if (!(await isServed(hub, secret))) throw new Error("a new key isn't served");
    let served = performance.now();
    const obeyed = (async () => {
      for (let began = served; await isServed(hub, secret); began = performance.now()) served = began;
    })();
    await hub.runCommand(change(id));
    const done = performance.now();
    await obeyed;
    times.push(Math.max(0, served - done));
  }
  return { what, median_ms: Math.round(median(times)), slowest_ms: Math.round(Math.max(...times)) };
}

async function isServed(hub: Hub, secret: string): Promise<boolean> {
  const response = await fetch(`${hub.url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } });
  await response.text();
  return response.ok;
}
