import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { until } from "../../tests/support/wait.ts";
import { openMulticast } from "./multicast_socket.ts";

/** The loopback stands for a network: nothing leaves this machine. */
const LOOPBACK = { group: "239.255.70.78", address: "127.0.0.1", ttl: 1 };
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A member of the group that writes down what it hears. */
async function member(port: number) {
  const heard: string[] = [];
  const channel = await openMulticast({
    ...LOOPBACK,
    port,
    onDatagram: (bytes, source) => heard.push(`${source} ${new TextDecoder().decode(bytes)}`),
  });
  return { heard, channel };
}

/** A port that is free now. */
function freePort(): number {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  socket.close();
  return port;
}

Deno.test("openMulticast(): members of one machine share the port and hear each other, and themselves", async () => {
  const port = freePort();
  const [one, other] = [await member(port), await member(port)];
  one.channel.send(bytesOf("seek"));
  await until("both to hear it", () => one.heard.length > 0 && other.heard.length > 0);
  deepStrictEqual([one.heard, other.heard], [["127.0.0.1 seek"], ["127.0.0.1 seek"]]);
  // What was handed over before closing still goes out.
  other.channel.send(bytesOf("gone"));
  await other.channel.close();
  other.channel.send(bytesOf("never"));
  await until("the goodbye", () => one.heard.length > 1);
  strictEqual(one.heard[1], "127.0.0.1 gone");
  await one.channel.close();
});

Deno.test("openMulticast() says what the system says, and leaves nothing open", async () => {
  const port = freePort();
  const open = (address: string) =>
    openMulticast({ ...LOOPBACK, address, port, onDatagram: () => {} });
  // Of a range that is nobody's (RFC 5737).
  await rejects(open("192.0.2.250"));
  // The port is free again for one who wants it alone.
  Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port }).close();
});
