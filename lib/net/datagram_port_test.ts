import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { DATAGRAM_BYTES_MAX } from "@fusionmeet/protocol";
import { openDatagramPort } from "./datagram_port.ts";

const LOOPBACK = { hostname: "127.0.0.1", port: 0 };

Deno.test("DatagramPort carries datagrams both ways and says where they came from", async () => {
  using one = openDatagramPort(LOOPBACK);
  using other = openDatagramPort(LOOPBACK);
  one.send({ address: other.address, bytes: new Uint8Array([1, 2, 3]) });
  const came = await other.receive();
  ok(came);
  deepStrictEqual([came.address, [...came.bytes]], [one.address, [1, 2, 3]]);
  other.send({ address: came.address, bytes: new Uint8Array() });
  strictEqual((await one.receive())?.bytes.length, 0);
});

Deno.test("DatagramPort gives every datagram bytes of its own", async () => {
  using one = openDatagramPort(LOOPBACK);
  using other = openDatagramPort(LOOPBACK);
  for (const byte of [1, 2]) one.send({ address: other.address, bytes: new Uint8Array([byte]) });
  const [first, second] = [await other.receive(), await other.receive()];
  deepStrictEqual([first?.bytes[0], second?.bytes[0]], [1, 2]);
});

Deno.test("DatagramPort drops datagrams over the limit and counts them", async () => {
  using one = openDatagramPort(LOOPBACK);
  using other = openDatagramPort(LOOPBACK);
  for (const size of [DATAGRAM_BYTES_MAX + 1, 9_000, DATAGRAM_BYTES_MAX, DATAGRAM_BYTES_MAX - 1]) {
    one.send({ address: other.address, bytes: new Uint8Array(size) });
  }
  strictEqual((await other.receive())?.bytes.length, DATAGRAM_BYTES_MAX);
  strictEqual((await other.receive())?.bytes.length, DATAGRAM_BYTES_MAX - 1);
  strictEqual(other.dropped.receivedOversize, 2);
});

Deno.test("DatagramPort counts what the system refuses to send and goes on", async () => {
  using one = openDatagramPort(LOOPBACK);
  using other = openDatagramPort(LOOPBACK);
  one.send({ address: other.address, bytes: new Uint8Array(100_000) });
  one.send({ address: other.address, bytes: new Uint8Array(1) });
  strictEqual((await other.receive())?.bytes.length, 1);
  strictEqual(one.dropped.sendFailed, 1);
});

Deno.test("DatagramPort.close() ends a waiting receive() and makes send() do nothing", async () => {
  const port = openDatagramPort(LOOPBACK);
  const waiting = port.receive();
  port.close();
  port.close();
  strictEqual(await waiting, undefined);
  strictEqual(await port.receive(), undefined);
  port.send({ address: LOOPBACK, bytes: new Uint8Array(1) });
  deepStrictEqual(port.dropped, { sendQueueFull: 0, sendFailed: 0, receivedOversize: 0 });
});

Deno.test("openDatagramPort() throws where the port is taken", () => {
  using one = openDatagramPort(LOOPBACK);
  throws(() => openDatagramPort(one.address), Deno.errors.AddrInUse);
});

Deno.test("DatagramPort.send() keeps the order, and drops what waits behind too much", async () => {
  using one = openDatagramPort(LOOPBACK);
  using other = openDatagramPort(LOOPBACK);
  for (let round = 0; round < 50; round++) {
    for (const byte of [1, 2, 3]) {
      one.send({ address: other.address, bytes: new Uint8Array([byte]) });
    }
    const came = [await other.receive(), await other.receive(), await other.receive()];
    deepStrictEqual(came.map((datagram) => datagram?.bytes[0]), [1, 2, 3]);
  }
  for (let count = 0; count < 3_000; count++) {
    one.send({ address: other.address, bytes: new Uint8Array(1) });
  }
  ok(one.dropped.sendQueueFull > 0, "3 000 datagrams at once are too many");
});
