/** A connection to an X server, by npm `x11`: what is asked of it here, as promises. */
import { messageOf, Refusal } from "@fusionmeet/base";
import { Buffer } from "node:buffer";
import { homedir } from "node:os";
import { join } from "node:path";
import x11 from "x11";
import { UnixSocket } from "./unix_socket.ts";

/** An atom, a window: numbers of the server. */
type XId = number;

/** What happened, as far as it is looked at: something about windows or monitors is not as it was. */
export type XEventListener = () => void;

const LATIN1 = new TextDecoder("latin1");
const UTF8 = new TextDecoder();
const PROPERTY_WORDS_MAX = 16_384;
/** RandR 1.5, `RRGetMonitors`; the library knows RandR up to 1.4. */
const RANDR_GET_MONITORS = 42;
const RANDR_EVENTS = 1 | 2 | 4;
const COMPOSITE_AUTOMATIC = 0;
/** `GetWindowAttributes`: the window and all around it are shown, though it may be covered. */
const VIEWABLE = 2;

/** How long a display may take to let us in. */
const OPEN_MS_MAX = 5_000;

/** Nobody could catch what the library throws when it cannot read the file of keys. @throws Error */
async function checkAuthority(): Promise<void> {
  const path = Deno.env.get("XAUTHORITY") || join(homedir(), ".Xauthority");
  try {
    await Deno.readFile(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) {
      throw new Error(`cannot read ${path}: ${messageOf(thrown)}`, { cause: thrown });
    }
  }
}

/**
 * How to get to a display, for the library: one of this computer by its socket; else, also where it has none, as the library
 * does by itself.
 */
export async function wayToDisplay(display: string): Promise<Record<string, unknown>> {
  const [, number] = /^(?:(?:unix|local)\/.*|unix)?:(\d+)(?:\.\d+)?$/.exec(display) ?? [];
  if (number === undefined) return { display };
  try {
    // Without a word of `auth` it would not look for the key.
    return {
      ...{ display, auth: undefined },
      stream: await UnixSocket.connect(`/tmp/.X11-unix/X${number}`),
    };
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    return { display: `tcp/localhost${display.slice(display.lastIndexOf(":"))}` };
  }
}

export interface XGeometry {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface XMonitor extends XGeometry {
  readonly name: string;
  readonly isPrimary: boolean;
}

export class XConnection {
  readonly #client: any;
  readonly #pending = new Set<(fault: Error) => void>();
  readonly #atoms = new Map<string, Promise<XId>>();
  readonly #listeners = new Set<XEventListener>();
  readonly root: XId;
  #fault: Error | undefined;

  /**
   * @param display as in DISPLAY; XAUTHORITY or ~/.Xauthority has the key to it.
   * @throws Refusal "x11-missing"
   */
  static async open(display: string): Promise<XConnection> {
    let made: any;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await checkAuthority();
      const way = await wayToDisplay(display);
      const client = await new Promise<any>((resolve, reject) => {
        const options = { ...way, shm: "off", disableBigRequests: true };
        made = x11.createClient(options, (fault: Error | undefined, opened: any) => {
          if (fault) reject(fault);
          else resolve(opened.client);
        });
        // The server's no is told here and nowhere else.
        made.on("error", reject);
        timer = setTimeout(() => reject(new Error("it does not answer")), OPEN_MS_MAX);
      });
      clearTimeout(timer);
      return new XConnection(client);
    } catch (thrown) {
      clearTimeout(timer);
      made?.stream?.destroy();
      const words = messageOf(thrown).trim();
      throw new Refusal(
        "x11-missing",
        `Cannot open the X display ${display}: ${words}; start FusionMeet in the desktop's own session`,
        { cause: thrown },
      );
    }
  }

  private constructor(client: any) {
    this.#client = client;
    this.root = client.display.screen[Number(client.screenNum)].root;
    // The library keeps one table of atoms for all servers; each has its own.
    [client.atoms, client.atom_names] = [{}, {}];
    client.on("error", () => {}); // Of a request that nobody waits for: its window is gone.
    client.on("event", () => this.#tell());
    const end = () => this.#end(new Error("the X server closed the connection"));
    for (const event of ["end", "close", "error"]) client.stream.on(event, end);
  }

  /** Calls `listener` when something happened that was asked for by `watch…()`, and when the connection is lost. */
  onEvent(listener: XEventListener): void {
    this.#listeners.add(listener);
  }

  get isLost(): boolean {
    return this.#fault !== undefined;
  }

  /** The whole screen now. */
  async rootArea(): Promise<XGeometry> {
    const { width, height } = await this.#ask("GetGeometry", this.root);
    return { x: 0, y: 0, width, height };
  }

  /** In the server's own order; none where it has no RandR 1.5. */
  async monitors(): Promise<XMonitor[]> {
    const randr = await this.#extension("RANDR");
    if (randr === undefined) return [];
    const reply = await this.#request(randr, RANDR_GET_MONITORS, [this.root, 1])
      .catch(() => undefined);
    if (reply === undefined) return [];
    const count = reply.readUInt32LE(4);
    const monitors: XMonitor[] = [];
    for (let at = 24; monitors.length < count; at += 24 + 4 * reply.readUInt16LE(at + 6)) {
      monitors.push({
        name: await this.#ask("GetAtomName", reply.readUInt32LE(at)),
        isPrimary: reply.readUInt8(at + 4) !== 0,
        x: reply.readInt16LE(at + 8),
        y: reply.readInt16LE(at + 10),
        width: reply.readUInt16LE(at + 12),
        height: reply.readUInt16LE(at + 14),
      });
    }
    return monitors;
  }

  async hasExtension(name: string): Promise<boolean> {
    return await this.#extension(name) !== undefined;
  }

  async children(window: XId): Promise<XId[]> {
    return (await this.#ask("QueryTree", window)).children;
  }

  /** Where the window is and whether it is shown; `undefined` when it is gone. */
  async window(
    window: XId,
  ): Promise<XGeometry & { isShown: boolean; isInput: boolean } | undefined> {
    try {
      const [geometry, attributes, place] = await Promise.all([
        this.#ask("GetGeometry", window),
        this.#ask("GetWindowAttributes", window),
        this.#ask("TranslateCoordinates", window, this.root, 0, 0),
      ]);
      return {
        x: place.destX,
        y: place.destY,
        width: geometry.width,
        height: geometry.height,
        isShown: attributes.mapState === VIEWABLE,
        isInput: attributes.klass === x11.InputOnly,
      };
    } catch (thrown) {
      if (this.#fault) throw thrown;
      return undefined;
    }
  }

  /** A property as numbers of 32 bits; none when it is not there. */
  async numbers(window: XId, property: string): Promise<number[]> {
    const { data, format } = await this.#property(window, property);
    if (format !== 32) return [];
    return Array.from({ length: data.length / 4 }, (_, at) => data.readUInt32LE(at * 4));
  }

  /** A property as text; `undefined` when it is not there. */
  async text(window: XId, property: string): Promise<string | undefined> {
    const { type, data, format } = await this.#property(window, property);
    if (format !== 8) return undefined;
    return (type === await this.#atom("UTF8_STRING") ? UTF8 : LATIN1).decode(data);
  }

  /** From now on what happens to the monitors, and to the windows on the screen, is told. */
  async watchRoot(): Promise<void> {
    this.#client.ChangeWindowAttributes(this.root, { eventMask: x11.eventMask.SubstructureNotify });
    const randr = await this.#extension("RANDR");
    if (randr !== undefined) {
      this.#send(randr, 4, [this.root, RANDR_EVENTS]);
    }
  }

  /** From now on what happens to that window is told. */
  watchWindow(window: XId): void {
    this.#client.ChangeWindowAttributes(window, { eventMask: x11.eventMask.StructureNotify });
  }

  /**
   * Has the server draw that window aside, too, until this connection ends: it can be read whole, whatever covers it
   * or wherever it is. Does nothing where the server cannot.
   */
  async drawAside(window: XId): Promise<void> {
    const composite = await this.#extension("Composite");
    if (composite === undefined) return;
    // Asking for the version is what the extension wants first.
    await this.#request(composite, 0, [0, 4]);
    this.#send(composite, 1, [window, COMPOSITE_AUTOMATIC]);
    await this.#ask("GetInputFocus");
  }

  close(): void {
    this.#listeners.clear();
    if (this.#fault) return;
    this.#client.terminate();
    this.#end(new Error("closed"));
  }

  async #property(window: XId, property: string) {
    const name = await this.#atom(property);
    return await this.#ask("GetProperty", 0, window, name, 0, 0, PROPERTY_WORDS_MAX);
  }

  #atom(name: string): Promise<XId> {
    const known = this.#atoms.get(name) ?? this.#ask("InternAtom", false, name);
    this.#atoms.set(name, known);
    return known;
  }

  async #extension(name: string): Promise<number | undefined> {
    const { present, majorOpcode } = await this.#ask("QueryExtension", name);
    return present ? majorOpcode : undefined;
  }

  #ask(request: string, ...args: unknown[]): Promise<any> {
    return this.#wait((answer) => this.#client[request](...args, answer));
  }

  /** A request of an extension with a reply. */
  #request(extension: number, minor: number, words: number[]): Promise<any> {
    return this.#wait((answer) => {
      this.#put(extension, minor, words);
      this.#client.replies[this.#client.seq_num] = [(reply: unknown) => reply, answer];
      this.#client.pack_stream.submit(true);
    });
  }

  /** One without. */
  #send(extension: number, minor: number, words: number[]): void {
    this.#put(extension, minor, words);
    this.#client.pack_stream.submit();
  }

  #put(extension: number, minor: number, words: number[]): void {
    const bytes = new DataView(new ArrayBuffer(4 + 4 * words.length));
    bytes.setUint8(0, extension);
    bytes.setUint8(1, minor);
    bytes.setUint16(2, 1 + words.length, true);
    words.forEach((word, at) => bytes.setUint32(4 + 4 * at, word, true));
    this.#client.seq_num++;
    this.#client.pack_stream.put(Buffer.from(bytes.buffer));
  }

  #wait(
    send: (answer: (fault: Error | null, reply: any) => boolean) => void,
  ): Promise<any> {
    if (this.#fault) return Promise.reject(this.#fault);
    const { promise, resolve, reject } = Promise.withResolvers<any>();
    this.#pending.add(reject);
    send((fault, reply) => {
      this.#pending.delete(reject);
      if (fault) reject(fault);
      else resolve(reply);
      return true;
    });
    return promise;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #end(fault: Error): void {
    if (this.#fault) return;
    this.#fault = fault;
    for (const reject of this.#pending) reject(fault);
    this.#pending.clear();
    this.#tell();
  }
}
