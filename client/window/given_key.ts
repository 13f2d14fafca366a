import { addressText } from "../failures.ts";
import { parseServer, UsageError, type WindowOptions } from "../options.ts";

/** What the join screen says about a server. */
interface Asked {
  readonly server: string;
  /** The fingerprint of the link that led there. */
  readonly expected?: string;
  /** The fingerprint under which it was picked from those of the network. */
  readonly picked?: string;
}

/**
 * The key that a server must have, or `trust`, as `--fingerprint`: that of the link that led to it, else that of the
 * command line. A fingerprint that the command line gives together with a server is that server's, however it is typed,
 * and nobody else's: whoever was led here by a link may go on to another server.
 */
export function keyFor(
  { server, expected, picked }: Asked,
  given: Pick<WindowOptions, "server" | "fingerprint">,
): string | undefined {
  if (expected !== undefined) return expected;
  const { fingerprint } = given;
  if (picked !== undefined && fingerprint !== "trust") {
    return picked === fingerprint ? fingerprint : undefined;
  }
  const isOfAll = fingerprint === "trust" || given.server === undefined;
  return isOfAll || sameServer(server, given.server!) ? fingerprint : undefined;
}

function sameServer(one: string, other: string): boolean {
  return addressOf(one) === addressOf(other);
}

/** A text that is no server is like itself only. */
function addressOf(text: string): string {
  try {
    return addressText(parseServer(text.trim())).toLowerCase();
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    return text;
  }
}
