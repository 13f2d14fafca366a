import { deepStrictEqual } from "node:assert/strict";
import { EngineDriver } from "./driver.ts";
import { FakeServer } from "./fake_server_for_test.ts";

Deno.test("EngineDriver takes what came in a hold-up of its thread before it plays what was due then", async () => {
  const server = new FakeServer(1);
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const order: string[] = [];
  const done = Promise.withResolvers<void>();
  const driver = await EngineDriver.start({
    microphone: { kind: "off" },
    camera: { kind: "off" },
    quality: { width: 160, height: 120, framesPerSecond: 30 },
  }, ({ event }) => {
    if (event === "mix" || event === "bound" || event === "engine.failed") order.push(event);
    if (server.bound && event === "mix") done.resolve();
  });
  driver.command({ ...server.connect, port: (socket.addr as Deno.NetAddr).port });
  while (!server.bound) {
    const [bytes, client] = await socket.receive();
    const sent = server.receive(bytes, 0).map((answer) => socket.send(answer.bytes, client));
    if (server.bound) {
      order.length = 0;
      for (const startMs = performance.now(); performance.now() < startMs + 60;);
    }
    await Promise.all(sent);
  }
  await done.promise;
  deepStrictEqual(order.slice(0, 2), ["bound", "mix"]);
  await driver.close();
  socket.close();
});
