import { Hub } from "../lib/hub.ts";

/** What is built in, and room for the accounts that tests make, all from this machine. */
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

/** Starts the server that tests share, before the first of them; gives what stops it after the last. */
export default async function start(): Promise<() => Promise<void>> {
  const hub = await Hub.start(CONFIGURATION);
  process.env.TEST_HUB = hub.place;
  return () => hub.stop();
}
