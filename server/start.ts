import { hostname } from "node:os";
import { join } from "node:path";
import { messageOf } from "@fusionmeet/base";
import {
  announcedAddresses,
  lanAddresses,
  lanInterfaces,
  listenState,
  systemRandom,
  systemTimers,
} from "@fusionmeet/net";
import { ANNOUNCED_ADDRESSES_MAX, type Fingerprint } from "@fusionmeet/protocol";
import { FolderOrigin } from "@fusionmeet/places";
import {
  FolderLock,
  loadServerIdentity,
  MeetingStore,
  readTextIfThere,
  SERVER_KEY_FILE,
} from "@fusionmeet/store";
import { announceServer, serverName } from "./announcing.ts";
import { ChatWriter } from "./chat_writer.ts";
import type { ServerConfig } from "./config.ts";
import { ControlServer } from "./control_server.ts";
import { Shelf } from "./files/shelf.ts";
import type { ServerLog } from "./log.ts";
import type { PlaneEvent } from "./media/commands.ts";
import { type MediaPlaneHandle, startMediaWorker } from "./media/handle.ts";
import { SsrcSource } from "./ssrcs.ts";

/** Where the data folder comes from. */
const ORIGIN_FILE = "server.origin";

/** A server that takes connections. */
export interface RunningServer extends AsyncDisposable {
  readonly port: number;
  readonly mediaPort: number;
  readonly fingerprint: Fingerprint;
  /** Where people on the network reach it, likeliest first. */
  readonly addresses: readonly string[];
  /** The short list of them, for links and codes. */
  readonly linkAddresses: readonly string[];
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
    await refuseCopiedKey(folder);
    const addresses = lanAddresses(config.host);
    const linkAddresses = () => addressesForLinks(config.host);
    const identity = await loadServerIdentity(folder, [
      ...addresses,
      "127.0.0.1",
      "localhost",
      hostname(),
    ]);
    if (identity.isExposed) {
      log.event("key-exposed", {
        state: `Every user of this computer can read ${
          join(folder, SERVER_KEY_FILE)
        }, for its file system knows no owners`,
        advice:
          "Whoever has it can pose as this server. Where others use this computer, put the data elsewhere: --data",
      });
    }
    const store = stack.use(new MeetingStore(join(folder, "fusionmeet.sqlite")));
    const shelf = new Shelf({
      ...{ store, log, limits: config, epochMs: Date.now },
      folder: join(folder, "uploads"),
    });
    await shelf.tidy();
    const plane = await openPlane(config);
    stack.defer(() => plane.close());
    const control = openControl({
      store,
      chatWriter: new ChatWriter({ store, log, soon: (run) => setTimeout(run) }),
      plane,
      shelf,
      log,
      timers: systemTimers,
      random: systemRandom,
      epochMs: Date.now,
      ssrcs: new SsrcSource(systemRandom.u32()),
      settings: { ...config, serverName: serverName(config) },
      addresses: linkAddresses,
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
      linkAddresses: linkAddresses(),
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

/**
 * A used folder that was copied would make a second server with the same key, which nobody could tell from the first.
 *
 * @throws Error in words
 */
async function refuseCopiedKey(folder: string): Promise<void> {
  const origin = new FolderOrigin(folder, ORIGIN_FILE);
  const hasKey = await readTextIfThere(join(folder, SERVER_KEY_FILE)) !== undefined;
  if (hasKey && await origin.isCopied()) {
    throw new Error(
      `Cannot use the key in ${folder}: the folder was copied here from another computer, and nobody could tell two servers with one key apart. For a server of its own, remove ${SERVER_KEY_FILE} and server.crt from it. If the other server is gone (this folder was moved, or restored from a backup), remove ${ORIGIN_FILE} instead`,
    );
  }
  await origin.claim();
}

/** What others are told to use: the networks it is found on, else whatever it has. */
function addressesForLinks(host: string): readonly string[] {
  const announced = announcedAddresses(host).slice(0, ANNOUNCED_ADDRESSES_MAX);
  return announced.length > 0 ? announced : lanAddresses(host).slice(0, ANNOUNCED_ADDRESSES_MAX);
}

async function openPlane({ host, mediaPort }: ServerConfig): Promise<MediaPlaneHandle> {
  try {
    return await startMediaWorker({ hostname: host, port: mediaPort });
  } catch (cause) {
    const state = `Cannot listen on ${host}:${mediaPort} (UDP): ${listenState(cause)}`;
    throw new Error(`${state}. To take another port: --media-port N`, { cause });
  }
}

/** @throws Error in words, which also say how to take another port. */
function openControl(...args: ConstructorParameters<typeof ControlServer>): ControlServer {
  try {
    return new ControlServer(...args);
  } catch (cause) {
    const state = messageOf(cause);
    if (!state.startsWith("Cannot listen on ")) throw cause;
    throw new Error(`${state}. To take another port: --port N`, { cause });
  }
}

function takePlaneEvent(event: PlaneEvent, control: ControlServer, log: ServerLog): void {
  if (event.event === "mix.map") control.rooms.byId(event.room)?.tellMixMap(event.list);
  else if (event.event === "fault") log.event("media-fault", { state: event.message });
}
