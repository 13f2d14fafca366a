import { createSocket } from "node:dgram";
import { assert } from "@fusionmeet/base";

/** One group on one network of this machine. */
export interface Channel {
  /** Without waiting; what cannot be sent is lost, as anything on a network. */
  send(datagram: Uint8Array): void;
  /** After what was handed over before has gone out. */
  close(): Promise<void>;
}

export interface ChannelOptions {
  readonly group: string;
  readonly port: number;
  /** Of the interface: packets go out there. */
  readonly address: string;
  /** Routers that may pass it on, and one. */
  readonly ttl: number;
  /** What came, from other networks of this machine too; valid during the call only. */
  onDatagram(bytes: Uint8Array, source: string): void;
}

/** Opens a channel. @throws what the system says when it cannot. */
export type OpenChannel = (options: ChannelOptions) => Promise<Channel>;

/**
 * A socket that hears and speaks to a multicast group on one interface. Others may use the same port at the same time,
 * in this program and in others.
 *
 * It listens at 0.0.0.0: at the interface's own address it would hear no group (Linux), and would take packets meant
 * for others on this machine. `node:dgram`, because `Deno.listenDatagram` cannot choose the interface it sends by.
 */
export const openMulticast: OpenChannel = async ({ group, port, address, ttl, onDatagram }) => {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  const opened = Promise.withResolvers<void>();
  socket.once("error", opened.reject);
  socket.bind(port, "0.0.0.0", opened.resolve);
  let isOpen = true;
  const sending = new Set<Promise<void>>();
  const close = () => {
    assert(isOpen, "a channel is closed once");
    isOpen = false;
    return new Promise<void>((resolve) => void socket.close(() => resolve()));
  };
  try {
    await opened.promise;
    // From now on an error is a datagram's, and that is lost.
    socket.on("error", () => {});
    socket.addMembership(group, address);
    socket.setMulticastInterface(address);
    socket.setMulticastTTL(ttl);
    // A client finds a server on the same machine, too.
    socket.setMulticastLoopback(true);
  } catch (thrown) {
    await close();
    throw thrown;
  }
  socket.on("message", (bytes, { address: source }) => {
    if (isOpen) onDatagram(bytes, source);
  });
  return {
    send: (datagram) => {
      if (!isOpen) return;
      const sent = new Promise<void>((resolve) =>
        socket.send(datagram, port, group, () => resolve())
      );
      sending.add(sent);
      void sent.then(() => sending.delete(sent));
    },
    close: async () => {
      await Promise.all(sending);
      await close();
    },
  };
};
