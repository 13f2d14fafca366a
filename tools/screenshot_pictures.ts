import sharp from "sharp";

/** What is drawn: hills under a sun, in colours around a hue. */
export interface Landscape {
  readonly width: number;
  readonly height: number;
  /** Degrees. */
  readonly hue: number;
}

/** A picture that somebody may have shared, as the program gives it to the page: `data:image/webp;…`. */
export async function landscape({ width, height, hue }: Landscape): Promise<string> {
  const colour = (shift: number, light: number) => `hsl(${(hue + shift) % 360} 45% ${light}%)`;
  const hill = (top: number, shift: number, light: number) =>
    `<path d="M0 ${top} Q 30 ${top - 22} 55 ${top} T 100 ${top - 6} V 75 H 0 Z" fill="${
      colour(shift, light)
    }"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"
    viewBox="0 0 100 75" preserveAspectRatio="xMidYMid slice">
    <rect width="100" height="75" fill="${colour(0, 78)}"/>
    <circle cx="72" cy="22" r="9" fill="${colour(180, 88)}"/>
    ${hill(52, 20, 58)}${hill(60, 40, 44)}${hill(70, 60, 30)}</svg>`;
  const webp = await sharp(new TextEncoder().encode(svg)).webp({ quality: 70 }).toBuffer();
  return `data:image/webp;base64,${webp.toString("base64")}`;
}
