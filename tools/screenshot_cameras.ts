import type { Browser } from "playwright-core";
import { encodePictureFrame } from "@fusionmeet/bridge";

const [WIDTH, HEIGHT] = [640, 480];

interface Look {
  readonly wall: string;
  readonly light: string;
  readonly skin: string;
  readonly hair: string;
  readonly clothes: string;
  /** Path of the hair over a head at 320,205 with radius 82. */
  readonly cut: string;
}

const SHORT = "M236 200 a84 92 0 0 1 168 0 q-18 -46 -60 -54 q-66 6 -108 54z";
const LONG = "M232 330 q-14 -120 4 -150 a84 92 0 0 1 168 0 q18 30 4 150 q-30 10 -38 -30 " +
  "l4 -92 q-20 -30 -54 -44 q-40 30 -60 44 l4 92 q-8 40 -32 30z";
const BUN = "M236 204 a84 92 0 0 1 168 0 q-30 -40 -84 -44 q-54 4 -84 44z " +
  "M286 104 a34 34 0 1 1 68 0 a34 34 0 1 1 -68 0z";

const LOOKS: readonly Look[] = [
  look("#cfd9e6", "#f3f6fa", "#e8b996", "#4a3427", "#39507a", SHORT),
  look("#e9dccb", "#faf4ea", "#8d5a3c", "#1d1613", "#2f6f62", BUN),
  look("#d8e2d3", "#f4f8f0", "#f0c9a8", "#b5763a", "#8a4b5f", LONG),
  look("#dcd6e8", "#f6f3fb", "#c98f66", "#2b211d", "#d9a441", SHORT),
  look("#e7d3d3", "#fbf1f0", "#6f4530", "#15100e", "#4b5a9b", LONG),
  look("#cfe3e6", "#effafb", "#f2d0b4", "#8d8f94", "#3d4250", SHORT),
  look("#e5e0cf", "#fbf8ec", "#dba77f", "#5b3a22", "#a44f3b", BUN),
  look("#d3d9ea", "#f2f5fd", "#b67a52", "#221a18", "#577d4c", LONG),
];

function look(...colours: [string, string, string, string, string, string]): Look {
  const [wall, light, skin, hair, clothes, cut] = colours;
  return { wall, light, skin, hair, clothes, cut };
}

/** Somebody before a wall, as a camera sees them; drawn. */
function drawing({ wall, light, skin, hair, clothes, cut }: Look): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}">
    <rect width="640" height="480" fill="${wall}"/>
    <rect x="452" y="0" width="126" height="210" fill="${light}"/>
    <rect x="0" y="372" width="640" height="108" fill="#000" opacity=".05"/>
    <path d="M110 480 q10 -132 138 -150 h144 q128 18 138 150z" fill="${clothes}"/>
    <path d="M278 270 h84 v62 q-42 46 -84 0z" fill="${skin}"/>
    <path d="M278 282 q42 42 84 0 v22 q-42 34 -84 0z" fill="#000" opacity=".1"/>
    <ellipse cx="320" cy="212" rx="78" ry="92" fill="${skin}"/>
    <path d="${cut}" fill="${hair}"/>
    <circle cx="292" cy="214" r="7" fill="#231c1a"/><circle cx="348" cy="214" r="7" fill="#231c1a"/>
    <path d="M292 254 q28 24 56 0" stroke="#231c1a" stroke-width="6" stroke-linecap="round" fill="none" opacity=".75"/>
  </svg>`;
}

/** Pictures of eight people, coded as those of a camera that sends JPEG. */
export class Cameras {
  readonly #pictures: readonly Uint8Array[];
  #timestamp = 0;

  private constructor(pictures: readonly Uint8Array[]) {
    this.#pictures = pictures;
  }

  static async draw(browser: Browser): Promise<Cameras> {
    const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT } });
    const pictures: Uint8Array[] = [];
    for (const look of LOOKS) {
      await page.setContent(`<body style="margin:0">${drawing(look)}</body>`);
      pictures.push(await page.screenshot({ type: "jpeg", quality: 95 }));
    }
    await page.close();
    return new Cameras(pictures);
  }

  /** The next frame of the media socket with a picture of `participant`. @param sentAtMs Epoch ms by the page's clock. */
  frame(participant: number, sentAtMs: number): Uint8Array {
    return encodePictureFrame({
      participant,
      codec: "jpeg",
      keyframe: true,
      timestamp: this.#timestamp += 3_000,
      waitMs: 0,
      sentAtMs,
      bytes: this.#pictures[participant % this.#pictures.length],
    });
  }
}
