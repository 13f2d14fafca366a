/// <reference lib="deno.worker" />
/** The thread of the window's process that reads its stdin; the main thread sits in the system's event loop. */
import { readLines } from "../stdin_commands.ts";
import { WEBVIEW_DISPATCH_SYMBOLS } from "./webview_library.ts";
import { Mailbox } from "./webview_mailbox.ts";

/** What the main thread tells once its window is there. */
export interface WindowThread {
  readonly memory: SharedArrayBuffer;
  /** Path of libwebview. */
  readonly library: string;
  /** Address of the webview. */
  readonly view: bigint;
  /** Address of the C function that looks into the mailbox. */
  readonly wake: bigint;
}

async function main(): Promise<void> {
  const started = new Promise<WindowThread>((resolve) => {
    self.onmessage = ({ data }: MessageEvent<WindowThread>) => resolve(data);
  });
  const lines = readLines(Deno.stdin.readable);
  const first = await lines.next();
  self.postMessage(first.done ? undefined : first.value);
  const { memory, library, view, wake } = await started;
  const mailbox = new Mailbox(memory);
  const { symbols } = Deno.dlopen(library, WEBVIEW_DISPATCH_SYMBOLS);
  const deliver = (line: string | undefined) => {
    mailbox.put(line);
    symbols.webview_dispatch(
      Deno.UnsafePointer.create(view),
      Deno.UnsafePointer.create(wake),
      null,
    );
  };
  for await (const line of lines) deliver(line);
  deliver(undefined);
}

await main();
