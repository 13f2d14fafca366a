import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { loadServerIdentity } from "@fusionmeet/store";
import { TlsListener } from "./tls_listener.ts";

Deno.test("TlsListener goes on at once behind connections that were reset before it took them", async () => {
  const folder = await Deno.makeTempDir();
  const identity = await loadServerIdentity(folder, []);
  await Deno.remove(folder, { recursive: true });
  const rests: number[] = [];
  const rest = (ms: number) => Promise.resolve(void rests.push(ms));
  using listener = new TlsListener({ hostname: "127.0.0.1", port: 0, ...identity, rest });
  for (let count = 0; count < 5; count++) {
    const socket = connect(listener.port, "127.0.0.1");
    await once(socket, "connect");
    socket.resetAndDestroy();
    await once(socket, "close");
  }
  using meant = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
  const { value: incoming } = await listener.connections().next();
  deepStrictEqual(rests, []);
  await meant.write(Uint8Array.of(22));
  strictEqual(await incoming?.tcp.peek(), 22);
  incoming?.tcp.close();
});
