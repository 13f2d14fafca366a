/** Windows of one colour on a screen without a monitor, and monitors that are not there. */
import { Buffer } from "node:buffer";
import x11 from "x11";
import { wayToDisplay } from "../../client/screen/x11_connection.ts";

export interface PaintedWindow {
  readonly title: string;
  readonly program?: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** 0xRRGGBB */
  readonly colour: number;
}

const RANDR_SET_MONITOR = 43;
const INPUT_OUTPUT = 1;
/** Those every server has. */
const ATOMS = { PRIMARY: 1, SECONDARY: 2, STRING: 31, WM_CLASS: 67 };
const MONITOR_NAMES = { left: ATOMS.PRIMARY, right: ATOMS.SECONDARY };

export class Painter implements Disposable {
  // deno-lint-ignore no-explicit-any
  readonly #client: any;

  static async open(display: string): Promise<Painter> {
    const way = await wayToDisplay(display);
    // deno-lint-ignore no-explicit-any
    const client = await new Promise<any>((resolve, reject) => {
      const options = { ...way, shm: "off", disableBigRequests: true };
      // deno-lint-ignore no-explicit-any
      x11.createClient(options, (fault: Error | undefined, opened: any) => {
        if (fault) reject(fault);
        else resolve(opened.client);
      });
    });
    return new Painter(client);
  }

  // deno-lint-ignore no-explicit-any
  private constructor(client: any) {
    this.#client = client;
    // The library keeps one table of atoms for all servers.
    client.atoms = {};
  }

  /** Opens a window in front of all others. @returns its id. */
  async window({ title, program = "painter", ...place }: PaintedWindow): Promise<number> {
    const client = this.#client;
    const id = client.AllocID();
    const { x, y, width, height, colour } = place;
    client.CreateWindow(
      ...[id, client.display.screen[0].root, x, y, width, height, 0, 0, INPUT_OUTPUT, 0],
      { backgroundPixel: colour },
    );
    await this.rename(id, title);
    const classes = Buffer.from(`${program}\0${program}\0`);
    client.ChangeProperty(0, id, ATOMS.WM_CLASS, ATOMS.STRING, 8, classes);
    client.MapWindow(id);
    await client.sync();
    return id;
  }

  async rename(id: number, title: string): Promise<void> {
    const client = this.#client;
    const atom = (name: string) =>
      new Promise<number>((resolve) =>
        client.InternAtom(false, name, (_: unknown, found: number) => resolve(found))
      );
    const [name, text] = [await atom("_NET_WM_NAME"), await atom("UTF8_STRING")];
    client.ChangeProperty(0, id, name, text, 8, Buffer.from(title));
    await client.sync();
  }

  async move(id: number, x: number, y: number): Promise<void> {
    this.#client.MoveWindow(id, x, y);
    await this.#client.sync();
  }

  async resize(id: number, width: number, height: number): Promise<void> {
    this.#client.ResizeWindow(id, width, height);
    await this.#client.sync();
  }

  async hide(id: number): Promise<void> {
    this.#client.UnmapWindow(id);
    await this.#client.sync();
  }

  async show(id: number): Promise<void> {
    this.#client.MapWindow(id);
    await this.#client.sync();
  }

  async close(id: number): Promise<void> {
    this.#client.DestroyWindow(id);
    await this.#client.sync();
  }

  /** Has the server tell of such a monitor besides that of its own (RandR 1.5). */
  async setMonitor(
    name: "left" | "right",
    area: { x: number; y: number; width: number; height: number },
  ): Promise<void> {
    const body = Buffer.alloc(28);
    body.writeUInt32LE(this.#client.display.screen[0].root, 0);
    body.writeUInt32LE(MONITOR_NAMES[name], 4);
    body.writeInt16LE(area.x, 12);
    body.writeInt16LE(area.y, 14);
    body.writeUInt16LE(area.width, 16);
    body.writeUInt16LE(area.height, 18);
    await this.#randr(RANDR_SET_MONITOR, body);
  }

  /** Gives the screen another size, as when a monitor is switched. */
  async resizeScreen(width: number, height: number): Promise<void> {
    const client = this.#client;
    const { root } = client.display.screen[0];
    // deno-lint-ignore no-explicit-any
    const ask = (on: any, what: string, ...args: unknown[]) =>
      // deno-lint-ignore no-explicit-any
      new Promise<any>((resolve, reject) =>
        // deno-lint-ignore no-explicit-any
        on[what](...args, (fault: Error | null, reply: any) => {
          if (fault) reject(fault);
          else resolve(reply);
          return true;
        })
      );
    const randr = await ask(client, "require", "randr");
    const { crtcs } = await ask(randr, "GetScreenResources", root);
    // Of what shows the old size nothing may be left.
    await ask(randr, "SetCrtcConfig", crtcs[0], 0, 0, 0, 0, 0, 1, []);
    randr.SetScreenSize(root, width, height, 200, 150);
    await client.sync();
  }

  [Symbol.dispose](): void {
    this.#client.terminate();
  }

  async #randr(minor: number, body: Buffer): Promise<void> {
    const client = this.#client;
    const opcode = await new Promise<number>((resolve) =>
      client.QueryExtension(
        "RANDR",
        (_: unknown, found: { majorOpcode: number }) => resolve(found.majorOpcode),
      )
    );
    const head = Buffer.from([opcode, minor, 0, 0]);
    head.writeUInt16LE(1 + body.length / 4, 2);
    client.seq_num++;
    client.pack_stream.put(Buffer.concat([head, body]));
    client.pack_stream.submit();
    await client.sync();
  }
}
