import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataStats } from "../../../src/recipes/data/stats.ts";
import { workFolder } from "../../support/work-folder.ts";

const folder = workFolder();
const input = join(folder, "rows.csv");
writeFileSync(
  input,
  "image_link,entity_name,entity_value\nhttp://x/1.jpg,width,1 inch\nhttp://x/2.jpg,<script>,[1.0 2.0] volt\n",
);

test("without a page nothing is written", async () => {
  expect(await dataStats({ input })).toMatchObject({ rows: 2, links: 2, groups: null });
  expect(readdirSync(folder)).toEqual(["rows.csv"]);
});

test("the page is named after the table, and says what is in it", async () => {
  const html = join(folder, "rows.html");
  const stats = await dataStats({ input, html });
  const page = readFileSync(html, "utf8");
  expect(page).toContain("<h1>rows.csv</h1>");
  expect(page).toContain("&lt;script&gt;");
  expect(page).not.toContain("<script");
  expect(stats.labels?.odd.rows).toBe(1);
  expect(readdirSync(folder).sort()).toEqual(["rows.csv", "rows.html"]);
});

test("the table is never overwritten by its page", async () => {
  const before = readFileSync(input, "utf8");
  await expect(dataStats({ input, html: input })).rejects.toThrow("is a file that this command reads");
  expect(readFileSync(input, "utf8")).toBe(before);
});

test("a fault of the table leaves no page", async () => {
  const broken = join(folder, "broken.csv");
  writeFileSync(broken, "image_link,entity_name\nhttp://x/1.jpg\n");
  const html = join(folder, "broken.html");
  await expect(dataStats({ input: broken, html })).rejects.toThrow("line 2");
  await expect(dataStats({ input: join(folder, "none.csv"), html })).rejects.toThrow("no such file");
  expect(existsSync(html)).toBe(false);
});

test("a page that cannot be written is an error with advice", async () => {
  const attempt = dataStats({ input, html: join(folder, "missing", "rows.html") });
  await expect(attempt).rejects.toMatchObject({ hint: "create the folder first" });
});
