import type { Refusal } from "@fusionmeet/base";
import { type ClientMessage, PROTOCOL_VERSION, type ServerMessage } from "@fusionmeet/protocol";

/** How a peer is told that a request of theirs was declined. */
export function refusalMessage(
  { code, message }: Refusal,
  request: Pick<ClientMessage, "type"> & { readonly mark?: string },
): ServerMessage {
  return {
    type: "refused",
    code,
    message,
    request: request.type,
    mark: request.mark,
    version: code === "version" ? PROTOCOL_VERSION : undefined,
  };
}
