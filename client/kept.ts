import { ProtocolError } from "@fusionmeet/base";

/**
 * For what a server makes this client keep: no honest one has more of it, and a broken one must not fill the memory.
 *
 * @param count There would be. @throws ProtocolError `too-much`, which ends the connection.
 */
export function requireAtMost(count: number, max: number, what: string): void {
  if (count <= max) return;
  throw new ProtocolError("too-much", `Cannot keep what the server says: over ${max} ${what}`);
}
