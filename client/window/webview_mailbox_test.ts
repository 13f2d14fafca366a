import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Mailbox, MAILBOX_BYTES_MAX } from "./webview_mailbox.ts";

Deno.test("Mailbox hands over each line once, then its end for ever", () => {
  const memory = Mailbox.memory();
  const [reader, window] = [new Mailbox(memory), new Mailbox(memory)];
  strictEqual(window.take(), undefined);
  reader.put('{"title":"ä🎉"}');
  deepStrictEqual(window.take(), { line: '{"title":"ä🎉"}' });
  strictEqual(window.take(), undefined);
  reader.put(undefined);
  deepStrictEqual([window.take(), window.take()], ["ended", "ended"]);
});

Deno.test("Mailbox takes the longest line and leaves out a longer one", () => {
  const mailbox = new Mailbox(Mailbox.memory());
  mailbox.put("x".repeat(MAILBOX_BYTES_MAX));
  deepStrictEqual(mailbox.take(), { line: "x".repeat(MAILBOX_BYTES_MAX) });
  mailbox.put("x".repeat(MAILBOX_BYTES_MAX + 1));
  strictEqual(mailbox.take(), undefined);
});

Deno.test("Mailbox.put() waits for the last line to be taken", async () => {
  const memory = Mailbox.memory();
  const module = new URL("./webview_mailbox.ts", import.meta.url).href;
  const source = `import { Mailbox } from ${JSON.stringify(module)};
    onmessage = ({ data }) => {
      const mailbox = new Mailbox(data);
      for (const line of ["one", "two", "three", undefined]) {
        mailbox.put(line);
        postMessage("put");
      }
    };`;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, {
    type: "module",
  });
  const mailbox = new Mailbox(memory);
  const taken: unknown[] = [];
  const done = Promise.withResolvers<void>();
  worker.onmessage = () => {
    const line = mailbox.take();
    taken.push(line);
    if (line === "ended") done.resolve();
  };
  worker.postMessage(memory);
  await done.promise;
  worker.terminate();
  deepStrictEqual(taken, [{ line: "one" }, { line: "two" }, { line: "three" }, "ended"]);
});
