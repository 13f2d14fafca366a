import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { ImpairedPath } from "./impairment.ts";
import { run } from "./programs.ts";
import { Proxy } from "./proxy.ts";
import { SimNetwork, VirtualClock } from "./sim_network.ts";
import { TemporaryDirectory, until } from "./wait.ts";

Deno.test("ImpairedPath.arrivals() loses, doubles and holds back as often as asked, and counts it", () => {
  const path = new ImpairedPath(seededRandom(4), {
    delayMs: 50,
    jitterMs: 20,
    loss: 0.1,
    duplicate: 0.05,
    reorder: 0.02,
  });
  const all = Array.from({ length: 20_000 }, (_, index) => path.arrivals(index * 20));
  const lost = all.filter(({ length }) => length === 0).length;
  const doubled = all.filter(({ length }) => length === 2).length;
  ok(Math.abs(lost - 2_000) < 200 && Math.abs(doubled - 900) < 150, `${lost} ${doubled}`);
  deepStrictEqual([path.lost, path.duplicated], [lost, doubled]);
  const delays = all.flatMap(([first], index) => first === undefined ? [] : [first - index * 20]);
  ok(Math.min(...delays) >= 50 && Math.max(...delays) <= 101);
  ok(path.reordered > 250 && path.reordered < 550, `${path.reordered}`);
});

Deno.test("VirtualClock.run() calls in time, ties in the order they were asked for", () => {
  const clock = new VirtualClock();
  const calls: string[] = [];
  clock.at(20, () => calls.push(`b${clock.now()}`));
  clock.at(10, () => {
    calls.push(`a${clock.now()}`);
    clock.at(5, () => calls.push(`past${clock.now()}`));
  });
  clock.at(20, () => calls.push("c20"));
  clock.every(8, () => calls.push(`e${clock.now()}`));
  clock.run(20);
  strictEqual(clock.now(), 20);
  deepStrictEqual(calls, ["e8", "a10", "past10", "e16", "b20", "c20"]);
  const random = seededRandom(1);
  const times = Array.from({ length: 1_000 }, () => 100 + Math.floor(random.fraction() * 900));
  const seen: number[] = [];
  for (const atMs of times) clock.at(atMs, () => seen.push(clock.now()));
  clock.run(2_000);
  deepStrictEqual(seen, times.toSorted((a, b) => a - b));
});

Deno.test("SimNetwork.send() does the same for the same seed and harms each direction on its own", () => {
  const [a, b] = [1, 2].map((port) => ({ hostname: "sim", port }));
  const arrivals = (seed: number) => {
    const clock = new VirtualClock();
    const network = new SimNetwork(clock, { seed, impairment: { loss: 0.3, jitterMs: 40 } });
    const seen: string[] = [];
    for (const end of [a, b]) {
      network.attach(end, ([value]) => seen.push(`${end.port}:${value}@${clock.now()}`));
    }
    for (let value = 0; value < 50; value++) {
      clock.at(value * 5, () => {
        network.send(Uint8Array.of(value), a, b);
        network.send(Uint8Array.of(value), b, a);
      });
    }
    clock.run(1_000);
    return seen;
  };
  deepStrictEqual(arrivals(1), arrivals(1));
  notDeepStrictEqual(arrivals(1), arrivals(2));
});

/** An echo server for both protocols on 127.0.0.1; says which address sent each datagram. */
function echoServer() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const senders: number[] = [];
  const serving: Promise<void>[] = [];
  const echoConnections = async () => {
    for await (const { readable, writable } of listener) {
      serving.push(readable.pipeTo(writable).catch(() => undefined));
    }
  };
  const echoDatagrams = async () => {
    for await (const [bytes, from] of socket) {
      senders.push((from as Deno.NetAddr).port);
      await socket.send(bytes, from);
    }
  };
  serving.push(echoConnections(), echoDatagrams());
  return {
    senders,
    port: (listener.addr as Deno.NetAddr).port,
    mediaPort: (socket.addr as Deno.NetAddr).port,
    fingerprint: "",
    async [Symbol.asyncDispose]() {
      listener.close();
      socket.close();
      await Promise.all(serving);
    },
  };
}

Deno.test("Proxy passes TCP and UDP, tells clients apart, delays, cuts, restores and captures", async () => {
  await using server = echoServer();
  await using proxy = new Proxy(server);
  proxy.capture = true;
  const to: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.2", port: proxy.mediaPort };
  const [one, two] = [1, 2].map(() =>
    Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 })
  );
  for (const socket of [one, two, one]) {
    await socket.send(Uint8Array.of(1, 2, 3), to);
    deepStrictEqual([...(await socket.receive())[0]], [1, 2, 3]);
  }
  const [first, second, third] = server.senders;
  ok(first === third && first !== second);

  const connection = await Deno.connect({ hostname: "127.0.0.2", port: proxy.port });
  const answer = new Uint8Array(16);
  await connection.write(Uint8Array.of(9));
  strictEqual(await connection.read(answer), 1);

  proxy.impair({ delayMs: 60 });
  const startMs = performance.now();
  await one.send(Uint8Array.of(4), to);
  await one.receive();
  const delayMs = performance.now() - startMs;
  ok(delayMs >= 119, `there and back in ${delayMs} ms`);
  proxy.impair({ delayMs: 0 });

  proxy.cut();
  const before = server.senders.length;
  await connection.write(Uint8Array.of(7));
  await two.send(Uint8Array.of(5), to);
  await until("the datagram to be swallowed", () => proxy.captured.at(-1)!.bytes[0] === 5);
  proxy.restore();
  strictEqual(await connection.read(answer), 1);
  strictEqual(answer[0], 7);
  strictEqual(server.senders.length, before);

  proxy.impair({ loss: 1 });
  await one.send(Uint8Array.of(6), to);
  await until("the loss", () => proxy.up.lost === 1);
  one.close();
  two.close();
  connection.close();

  await using directory = new TemporaryDirectory();
  await Deno.writeFile(directory.file("a.pcap"), proxy.pcap());
  const fields = "-T fields -e ip.src -e udp.dstport -e udp.length -e ip.checksum.status";
  const dissected = new TextDecoder().decode(
    await run("tshark", [
      ...["-r", directory.file("a.pcap"), "-o", "ip.check_checksum:TRUE"],
      ...fields.split(" "),
    ]),
  ).trim().split("\n").map((line) => line.split("\t"));
  strictEqual(dissected.length, proxy.captured.length);
  deepStrictEqual(dissected[0], ["127.0.0.1", String(proxy.mediaPort), "11", "1"]);
  strictEqual(dissected[1][0], "127.0.0.2");
});
