/**
 * What relaying a picture costs the server: 1200-byte packets from one camera to 0, 1 and 20 viewers, in the plane
 * alone (tag, replay window, GOP cache, fan-out) and with the socket. One iteration is one packet in.
 */
import type { Datagram } from "@fusionmeet/media";
import { openDatagramPort } from "@fusionmeet/net";
import { Meeting, type Person } from "../server/media/meeting_fixture.ts";

const PAYLOAD_BYTES = 1_150;
/** One GOP of 720p. */
const PACKETS_PER_PICTURE = 8;

/** A stream of sealed packets from a camera that so many people watch. */
class Cinema {
  readonly meeting = new Meeting();
  readonly sender: Person = this.meeting.join();
  #packets: Uint8Array[] = [];
  #pictures = 0;

  constructor(viewerCount: number) {
    this.sender.turn("camera", true);
    for (let viewer = 0; viewer < viewerCount; viewer++) {
      this.meeting.join().subscribe(this.sender.ssrcs.camera);
    }
  }

  /** The next packet as it comes from the socket; the clock goes on as at 30 pictures a second. */
  next(): Datagram {
    if (this.#packets.length === 0) {
      this.meeting.nowMs += 33;
      const keyframe = this.#pictures++ % 30 === 0;
      this.#packets = this.sender.picture(PACKETS_PER_PICTURE, keyframe, PAYLOAD_BYTES);
    }
    return { address: this.sender.address, bytes: this.#packets.shift()! };
  }

  /** Ticks of the voice side are not part of this bench. */
  settle(): void {
    this.meeting.advance(0);
    for (const person of this.meeting.people) person.inbox.length = 0;
  }
}

for (const viewers of [0, 1, 20]) {
  const cinema = new Cinema(viewers);
  Deno.bench(`plane: 1 packet in, ${viewers} out`, { group: "plane" }, (bench) => {
    const datagram = cinema.next();
    cinema.settle();
    const { plane, nowMs } = cinema.meeting;
    bench.start();
    plane.step([datagram], nowMs);
    plane.takeOutgoing();
    bench.end();
  });
}

for (const packets of [1, 20]) {
  const port = openDatagramPort({ hostname: "127.0.0.1", port: 0 });
  const sink = openDatagramPort({ hostname: "127.0.0.1", port: 0 });
  const datagram = { address: sink.address, bytes: new Uint8Array(1_200) };
  Deno.bench(`socket: ${packets} packets out and in`, { group: "socket" }, async () => {
    for (let sent = 0; sent < packets; sent++) port.send(datagram);
    for (let came = 0; came < packets; came++) await sink.receive();
  });
}
