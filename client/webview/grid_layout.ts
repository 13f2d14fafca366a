/** Tiles on one page. */
export const TILES_MAX = 9;
/** Shapes a tile may have, width by height. */
const ASPECT_MIN = 4 / 3;
const ASPECT_MAX = 16 / 9;

export interface GridSpace {
  readonly count: number;
  /** Of the space to fill, px. */
  readonly width: number;
  readonly height: number;
  /** Between tiles, px. */
  readonly gap: number;
}

export interface GridLayout {
  readonly columns: number;
  readonly rows: number;
  /** Of each tile, whole px. */
  readonly tileWidth: number;
  readonly tileHeight: number;
}

/**
 * The grid of `count` tiles that shows them largest: every number of columns is tried, each tile between 4:3 and
 * 16:9. Of equally large ones the grid with fewer empty places.
 */
export function gridLayout(space: GridSpace): GridLayout {
  let best = layoutWith(1, space);
  for (let columns = 2; columns <= space.count; columns++) {
    const layout = layoutWith(columns, space);
    if (isBetter(layout, best)) best = layout;
  }
  return best;
}

function layoutWith(columns: number, { count, width, height, gap }: GridSpace): GridLayout {
  const rows = Math.max(1, Math.ceil(count / columns));
  const cellWidth = Math.max(0, (width - gap * (columns - 1)) / columns);
  const cellHeight = Math.max(0, (height - gap * (rows - 1)) / rows);
  return {
    columns,
    rows,
    tileWidth: Math.floor(Math.min(cellWidth, cellHeight * ASPECT_MAX)),
    tileHeight: Math.floor(Math.min(cellHeight, cellWidth / ASPECT_MIN)),
  };
}

function isBetter(layout: GridLayout, best: GridLayout): boolean {
  const [area, bestArea] = [layout, best].map((one) => one.tileWidth * one.tileHeight);
  if (area !== bestArea) return area > bestArea;
  return layout.columns * layout.rows < best.columns * best.rows;
}

/** What is on page `page` (from 0) of `people`, the last page at most. @param size People on a page. */
export function pageOf<T>(
  people: readonly T[],
  page: number,
  size = TILES_MAX,
): { readonly page: number; readonly pages: number; readonly shown: readonly T[] } {
  const pages = Math.max(1, Math.ceil(people.length / size));
  const real = Math.min(Math.max(0, page), pages - 1);
  return { page: real, pages, shown: people.slice(real * size, (real + 1) * size) };
}
