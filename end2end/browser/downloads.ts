import { readFile } from "node:fs/promises";

import type { Download } from "@playwright/test";

/** What a download holds. */
export async function downloaded(download: Download): Promise<string> {
  return readFile(await download.path(), "utf8");
}
