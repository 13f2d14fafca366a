import { hostname } from "node:os";
import { join } from "node:path";
import { messageOf } from "@fusionmeet/base";
import {
  lanAddresses,
  lanInterfaces,
  listenState,
  systemRandom,
  systemTimers,
} from "@fusionmeet/net";
import type { Fingerprint } from "@fusionmeet/protocol";
import { FolderLock, loadServerIdentity, MeetingStore } from "@fusionmeet/store";
import { announceServer, serverName } from "./announcing.ts";
import { ChatWriter } from "./chat_writer.ts";
import type { ServerConfig } from "./config.ts";
import { ControlServer } from "./control_server.ts";
import type { ServerLog } from "./log.ts";
import type { PlaneEvent } from "./media/commands.ts";
import { type MediaPlaneHandle, startMediaWorker } from "./media/handle.ts";
import { SsrcSource } from "./ssrcs.ts";

/** A server that takes connections. */
export interface RunningServer extends AsyncDisposable {
  readonly port: number;
  readonly mediaPort: number;
  readonly fingerprint: Fingerprint;
  /** Where people on the network reach it, likeliest first. */
  readonly addresses: readonly string[];
  /** What people call it. */
  readonly name: string;
  /** The networks of its computer are told that it is there. */
  readonly isAnnounced: boolean;
  readonly control: ControlServer;
  readonly plane: MediaPlaneHandle;
  /** Resolves with the state when the media plane can no longer work. */
  readonly failed: Promise<string>;
  /** Tells everybody, ends all connections, and lets go of ports and files. Takes less than 2 s. */
  close(reason: string): Promise<void>;
}

/**
 * Puts a server together and starts it.
 *
 * @param means.folder For all that it keeps. @throws Error in words when something is in the way.
 */
export async function startServer(
  config: ServerConfig,
  { folder, log }: { folder: string; log: ServerLog },
): Promise<RunningServer> {
  const stack = new AsyncDisposableStack();
  try {
    stack.use(await FolderLock.take(folder));
    const addresses = lanAddresses(config.host);
    const identity = await loadServerIdentity(folder, [
      ...addresses,
      "127.0.0.1",
      "localhost",
      hostname(),
    ]);
    const store = stack.use(new MeetingStore(join(folder, "fusionmeet.sqlite")));
    const plane = await openPlane(config);
    stack.defer(() => plane.close());
    const control = new ControlServer({
      store,
      chatWriter: new ChatWriter({ store, log, soon: (run) => setTimeout(run) }),
      plane,
      log,
      timers: systemTimers,
      random: systemRandom,
      epochMs: Date.now,
      ssrcs: new SsrcSource(systemRandom.u32()),
      settings: { ...config, serverName: serverName(config) },
    }, { hostname: config.host, port: config.port, identity });
    plane.onEvent((event) => takePlaneEvent(event, control, log));
    const announcing = config.announce
      ? announceServer(config, {
        fingerprint: identity.fingerprint,
        ...{ port: control.port, rooms: control.rooms, log },
      })
      : undefined;
    const held = stack.move();
    let closing: Promise<void> | undefined;
    const close = (reason: string): Promise<void> =>
      closing ??= Promise.all([announcing?.close(), control.close(reason)])
        .then(() => held.disposeAsync());
    return {
      port: control.port,
      mediaPort: plane.address.port,
      fingerprint: identity.fingerprint,
      addresses,
      name: serverName(config),
      isAnnounced: config.announce && lanInterfaces(config.host).length > 0,
      control,
      plane,
      failed: plane.failed.then(messageOf),
      close,
      [Symbol.asyncDispose]: () => close("The server stops"),
    };
  } catch (thrown) {
    await stack.disposeAsync();
    throw thrown;
  }
}

async function openPlane({ host, mediaPort }: ServerConfig): Promise<MediaPlaneHandle> {
  try {
    return await startMediaWorker({ hostname: host, port: mediaPort });
  } catch (cause) {
    throw new Error(`Cannot listen on ${host}:${mediaPort} (UDP): ${listenState(cause)}`, {
      cause,
    });
  }
}

function takePlaneEvent(event: PlaneEvent, control: ControlServer, log: ServerLog): void {
  if (event.event === "mix.map") control.rooms.byId(event.room)?.tellMixMap(event.list);
  else if (event.event === "fault") log.event("media-fault", { state: event.message });
}
