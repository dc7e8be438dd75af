import { readFile } from "node:fs/promises";

import type { Download } from "@playwright/test";

/** Returns the content of a download. */
export async function readDownload(download: Download): Promise<string> {
  return readFile(await download.path(), "utf8");
}
