import { Hub } from "../lib/hub.ts";

/** Starts the server that tests share, before the first of them; gives what stops it after the last. */
export default async function start(): Promise<() => Promise<void>> {
  const hub = await Hub.start();
  process.env.TEST_HUB = hub.place;
  return () => hub.stop();
}
