const TILE = 64;

/** Goes over a matrix in tiles, so that what is read by rows and written by columns stays in the cache on both sides. */
export function eachTile(
  rows: number,
  columns: number,
  visit: (top: number, bottom: number, left: number, right: number) => void,
): void {
  for (let top = 0; top < rows; top += TILE)
    for (let left = 0; left < columns; left += TILE)
      visit(top, Math.min(top + TILE, rows), left, Math.min(left + TILE, columns));
}
