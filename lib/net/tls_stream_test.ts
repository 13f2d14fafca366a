import { ok, rejects, strictEqual } from "node:assert/strict";
import { loadServerIdentity } from "@fusionmeet/store";
import type { ByteStream } from "./byte_stream.ts";
import { connectTls } from "./tls_client.ts";
import { TlsListener } from "./tls_listener.ts";
import type { SecureStream } from "./native_tls.ts";

/** A listener and the connections it takes, one by one. */
async function withListener(
  test: (listener: TlsListener, accept: () => Promise<SecureStream>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const identity = await loadServerIdentity(folder, []);
  await Deno.remove(folder, { recursive: true });
  using listener = new TlsListener({ hostname: "127.0.0.1", port: 0, ...identity });
  const connections = listener.connections();
  await test(listener, async () => (await connections.next()).value!.stream);
}

async function connectPair(
  { port }: TlsListener,
  accept: () => Promise<SecureStream>,
): Promise<{ client: ByteStream; server: ByteStream }> {
  const server = accept();
  const client = await connectTls({ hostname: "127.0.0.1", port, acceptKey: () => true });
  return { client, server: await server };
}

Deno.test("TlsStream.close() before the handshake closes the TCP connection", async () => {
  await withListener(async (listener, accept) => {
    for (const rubbish of [0, 3, 200]) {
      using peer = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
      const stream = await accept();
      await peer.write(new Uint8Array(rubbish).fill(22));
      stream.close();
      await rejects(stream.handshake(), /closed|corrupt|wrong version/i);
      // A reset where bytes were unread, else a clean end.
      while (await peer.read(new Uint8Array(99)).catch(() => null) !== null);
    }
  });
});

Deno.test("TlsStream takes nothing from the network while nobody reads", async () => {
  await withListener(async (listener, accept) => {
    for (const isUp of [true, false]) {
      const { client, server } = await connectPair(listener, accept);
      const [from, to] = isUp ? [client, server] : [server, client];
      const sizes = new Set<number>();
      let sent = 0;
      const sending = (async () => {
        const piece = new Uint8Array(65_536);
        while (sent < 1e9) sent += await from.write(piece);
      })();
      // Until ten looks in a row find nothing new.
      for (let still = 0; still < 10; sizes.add(sent)) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        still = sizes.has(sent) ? still + 1 : 0;
      }
      ok(sent < 64e6, `${sent} bytes`);
      const before = sent;
      await readBytes(to, 32e6);
      ok(sent > before);
      from.close();
      to.close();
      await rejects(sending);
    }
  });
});

async function readBytes(stream: ByteStream, size: number): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (let got = 0; got < size;) got += (await stream.read(buffer))!;
}

Deno.test("TlsStream.close() ends a pending read and a pending write", async () => {
  await withListener(async (listener, accept) => {
    const { client, server } = await connectPair(listener, accept);
    const reading = client.read(new Uint8Array(9));
    const writing = (async () => {
      while (await client.write(new Uint8Array(1 << 20)));
    })();
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.close();
    strictEqual(await reading.catch(() => null), null);
    await rejects(writing);
    server.close();
  });
});
