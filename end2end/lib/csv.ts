/** A row of CSV, by the names in its header. */
export type Row = Record<string, string>;

/** Reads CSV (RFC 4180), whose first row holds the columns' names. */
export function parseCsv(text: string): Row[] {
  const [header = [], ...rows] = splitCells(text);
  return rows.map((row) => Object.fromEntries(header.map((name, index) => [name, row[index] ?? ""])));
}

function splitCells(text: string): string[][] {
  const rows: string[][] = [];
  for (const line of text.match(/(?:"(?:[^"]|"")*"|[^"\n])+/g) ?? []) {
    const row = line.replace(/\r$/, "").match(/(?<=^|,)(?:"(?:[^"]|"")*"|[^,]*)/g) ?? [];
    rows.push(row.map((cell) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell)));
  }
  return rows;
}
