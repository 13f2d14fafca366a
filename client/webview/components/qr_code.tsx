import { encode } from "uqr";

/** White around the code, in modules: what ISO/IEC 18004 asks for. */
const QUIET_MODULES = 4;

/** A QR code, black on white by day and by night: cameras want it so. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { ecc: "M", border: QUIET_MODULES });
  const squares = data.flatMap((row, y) =>
    row.flatMap((isBlack, x) => isBlack ? [`M${x} ${y}h1v1h-1z`] : [])
  );
  return (
    <svg
      class="qr-code"
      viewBox={`0 0 ${size} ${size}`}
      shape-rendering="crispEdges"
      role="img"
      aria-label={label}
    >
      <path d={squares.join("")} />
    </svg>
  );
}
