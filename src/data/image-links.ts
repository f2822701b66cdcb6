import type { Rows } from "./table.ts";

/** The image link in a cell. Spaces around it make no other image of it. */
export const linkOf = (cell: string): string => cell.trim();

/** The image links of rows. */
export const linksOf = (rows: Pick<Rows, "column">): readonly string[] => rows.column("image_link").map(linkOf);
