/**
 * Somebody on the network who announces what is not theirs: `deno run liar.ts JSON`, a `ServerFacts`, until stdin ends;
 * with `noise` in it also so many datagrams of nonsense to both groups.
 */
import { seededRandom } from "@fusionmeet/base";
import { openMulticast, ServerAnnouncer } from "@fusionmeet/discovery";
import { lanInterfaces, systemRandom, systemTimers } from "@fusionmeet/net";
import { BEACON_GROUP, BEACON_PORT } from "@fusionmeet/protocol";

const { noise = 0, ...facts } = JSON.parse(Deno.args[0]);
const announcer = new ServerAnnouncer(facts, {
  timers: systemTimers,
  random: systemRandom,
  links: () => lanInterfaces(),
  onProblem: ({ state }) => console.error(state),
});
const [{ addresses: [{ address }] }] = lanInterfaces();
const random = seededRandom(noise);
for (const [group, port] of [["224.0.0.251", 5353], [BEACON_GROUP, BEACON_PORT]] as const) {
  const channel = await openMulticast({ group, port, address, ttl: 1, onDatagram: () => {} });
  for (let count = 0; count < noise; count++) {
    channel.send(random.fill(new Uint8Array(random.u32() % 1_400)));
    if (count % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await channel.close();
}
console.log(JSON.stringify({ event: "lying" }));
for await (const _ of Deno.stdin.readable);
await announcer.close();
