import { Refusal } from "@fusionmeet/base";
import { type ClientMessage, PROTOCOL_VERSION, type ServerMessage } from "@fusionmeet/protocol";
import { PresenterTaken } from "./presenter_lock.ts";

/** To who speaks another version of the protocol. */
export function otherVersion(version: number): Refusal {
  return new Refusal(
    "version",
    `This server speaks version ${PROTOCOL_VERSION} of the protocol, the client version ${version}`,
  );
}

/** How a peer is told that a request of theirs was declined. */
export function refusalMessage(
  refusal: Refusal,
  request: Pick<ClientMessage, "type"> & { readonly mark?: string },
): ServerMessage {
  const { code, message } = refusal;
  return {
    type: "refused",
    code,
    message,
    request: request.type,
    mark: request.mark,
    version: code === "version" ? PROTOCOL_VERSION : undefined,
    holder: refusal instanceof PresenterTaken ? refusal.holder : undefined,
  };
}
