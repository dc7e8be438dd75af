import { Hub } from "../lib/hub.ts";

/** The built-in sandbox, and a quota for the accounts that tests create, all from one address. */
const CONFIGURATION = `
[[provider]]
name = "sandbox"
kind = "sandbox"
[[model]]
name = "sandbox-1"
providers = ["sandbox"]
service = "chat"
[model.price]
input_per_million = "1.00"
output_per_million = "2.00"
[quotas]
accounts_per_hour = 100000
`;

/** Starts the server that tests share, before the first of them; returns a function that stops it after the last. */
export default async function start(): Promise<() => Promise<void>> {
  const hub = await Hub.start(CONFIGURATION);
  process.env.TEST_HUB = hub.location;
  return () => hub.stop();
}
