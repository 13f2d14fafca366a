/** What a window manager does with a window, for screens that have none. By libX11. */

const CLIENT_MESSAGE = 33;
/** `sizeof(XEvent)`, and where an `XClientMessageEvent` has its fields (64 bit). */
const EVENT_BYTES = 192;
const EVENT_OFFSETS = { type: 0, window: 32, messageType: 40, format: 48, data: 56 };

/** Asks a window to close, as its close button does (ICCCM 4.2.8.1, `WM_DELETE_WINDOW`). */
export function pressClose(display: string, window: number): void {
  withDisplay(display, (x11, connection) => {
    const atom = (name: string) => x11.XInternAtom(connection, cString(name), 0);
    const event = new DataView(new ArrayBuffer(EVENT_BYTES));
    event.setInt32(EVENT_OFFSETS.type, CLIENT_MESSAGE, true);
    event.setBigUint64(EVENT_OFFSETS.window, BigInt(window), true);
    event.setBigUint64(EVENT_OFFSETS.messageType, atom("WM_PROTOCOLS"), true);
    event.setInt32(EVENT_OFFSETS.format, 32, true);
    event.setBigUint64(EVENT_OFFSETS.data, atom("WM_DELETE_WINDOW"), true);
    x11.XSendEvent(connection, BigInt(window), 0, 0n, new Uint8Array(event.buffer));
  });
}

/** Width and height of the first icon a window has (EWMH `_NET_WM_ICON`); zeros where it has none. */
export function iconSize(display: string, window: number): number[] {
  return withDisplay(display, (x11, connection) => {
    const property = x11.XInternAtom(connection, cString("_NET_WM_ICON"), 0);
    const [type, count, rest, address] = Array.from({ length: 4 }, () => new BigUint64Array(1));
    const format = new Int32Array(1);
    const range = [0n, 2n, 0, 0n] as const;
    x11.XGetWindowProperty(
      ...[connection, BigInt(window), property, ...range] as const,
      ...[type, format, count, rest, address] as const,
    );
    const values = Deno.UnsafePointer.create(address[0]);
    if (values === null || count[0] < 2n) return [0, 0];
    const view = new Deno.UnsafePointerView(values);
    return [Number(view.getBigUint64(0)), Number(view.getBigUint64(8))];
  });
}

const X11_SYMBOLS = {
  XOpenDisplay: { parameters: ["buffer"], result: "pointer" },
  XInternAtom: { parameters: ["pointer", "buffer", "i32"], result: "u64" },
  XSendEvent: { parameters: ["pointer", "u64", "i32", "i64", "buffer"], result: "i32" },
  XGetWindowProperty: {
    parameters: [
      ...["pointer", "u64", "u64", "i64", "i64", "i32", "u64"] as const,
      ...["buffer", "buffer", "buffer", "buffer", "buffer"] as const,
    ],
    result: "i32",
  },
  XCloseDisplay: { parameters: ["pointer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type X11 = Deno.DynamicLibrary<typeof X11_SYMBOLS>["symbols"];

function withDisplay<T>(display: string, use: (x11: X11, connection: Deno.PointerValue) => T): T {
  const library = Deno.dlopen("libX11.so.6", X11_SYMBOLS);
  const connection = library.symbols.XOpenDisplay(cString(display));
  try {
    return use(library.symbols, connection);
  } finally {
    library.symbols.XCloseDisplay(connection);
    library.close();
  }
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
