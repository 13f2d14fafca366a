import type { Fingerprint } from "@fusionmeet/protocol";

/** Who a server is: its key, and a certificate that carries it. */
export interface ServerIdentity {
  /** PKCS #8 PEM. Secret. */
  readonly privateKey: string;
  /** X.509 PEM. */
  readonly certificate: string;
  /** Of the key: stays when the certificate is issued anew. */
  readonly fingerprint: Fingerprint;
}

/**
 * The identity kept in `folder` as `server.key` (0600) and `server.crt`, made on first use. The certificate is issued anew, with
 * the same key, when it does not name all of `addresses`.
 *
 * @param addresses IP addresses and host names people reach this server by.
 * @throws Error in words when a file is damaged, or they do not belong together; neither is ever replaced.
 */
export function loadServerIdentity(
  _folder: string,
  _addresses: readonly string[],
): Promise<ServerIdentity> {
  throw new Error("not yet");
}
