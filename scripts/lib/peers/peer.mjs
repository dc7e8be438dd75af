// Reads bodies that the gateway would forward, as JavaScript does: see peer.py.
import { createInterface } from "node:readline";

function* texts(value) {
  if (typeof value === "string") yield value;
  else if (Array.isArray(value)) for (const part of value) yield* texts(part);
  else if (value !== null && typeof value === "object") {
    for (const [key, part] of Object.entries(value)) {
      yield key;
      yield* texts(part);
    }
  }
}

function readJson(body) {
  // As most servers do, this replaces invalid UTF-8 and drops a byte order mark.
  const value = JSON.parse(new TextDecoder().decode(body));
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Error("no object");
  const isPlain = (part) => part === null || ["string", "boolean"].includes(typeof part) || Number.isSafeInteger(part);
  const top = Object.fromEntries(Object.entries(value).filter(([, part]) => isPlain(part)));
  return { texts: [...new Set(texts(value))], top };
}

async function readForm(kind, body) {
  const form = await new Response(body, { headers: { "content-type": kind } }).formData();
  return { fields: [...form].filter(([, value]) => typeof value === "string") };
}

for await (const line of createInterface({ input: process.stdin })) {
  const [kind, ...parts] = line.split(" ").map((part, index) => (index === 0 ? part : Buffer.from(part, "hex")));
  try {
    const answer = kind === "json" ? readJson(parts[0]) : await readForm(parts[0].toString(), parts[1]);
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  } catch {
    process.stdout.write("-\n");
  }
}
