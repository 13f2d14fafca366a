import { join } from "node:path";
import { messageOf } from "@fusionmeet/base";
import type { Fingerprint } from "@fusionmeet/protocol";
import { readTextIfThere, writeFileAtomically } from "./atomic_file.ts";
import {
  certificateAddresses,
  certificateFingerprint,
  privateKeyFingerprint,
} from "./certificate.ts";

const certificateMaker = () => import("./certificate_maker.ts");

/** The file that is who a server is. */
export const SERVER_KEY_FILE = "server.key";

/** Who a server is: its key, and a certificate that carries it. */
export interface ServerIdentity {
  /** PKCS #8 PEM. Secret. */
  readonly privateKey: string;
  /** X.509 PEM. */
  readonly certificate: string;
  /** Of the key: stays when the certificate is issued anew. */
  readonly fingerprint: Fingerprint;
  /** Others on this computer can read the key: the file system of a stick knows no owners. */
  readonly isExposed: boolean;
}

/**
 * The identity kept in `folder` as `server.key` (0600) and `server.crt`, made on first use. The certificate is issued anew,
 * with the same key, when it does not name all of `addresses`.
 *
 * @param addresses IP addresses and host names people reach this server by.
 * @throws Error in words when a file is damaged, or they do not belong together; neither is then replaced.
 */
export async function loadServerIdentity(
  folder: string,
  addresses: readonly string[],
): Promise<ServerIdentity> {
  const keyPath = join(folder, SERVER_KEY_FILE);
  const certificatePath = join(folder, "server.crt");
  let privateKey = await readTextIfThere(keyPath);
  const kept = await readTextIfThere(certificatePath);
  if (privateKey === undefined) {
    if (kept !== undefined) {
      throw new Error(
        `Cannot use ${certificatePath}: its key ${keyPath} is missing. Put it back, or remove the certificate too: everybody who knows this server will then be warned of a changed key`,
      );
    }
    privateKey = await (await certificateMaker()).makePrivateKey();
    await writeText(keyPath, privateKey, { secret: true });
  }
  const isExposed = !await keepSecret(keyPath);
  const fingerprint = within(keyPath, () => privateKeyFingerprint(privateKey));
  const names = addresses.filter(isCertifiable);
  if (kept !== undefined && isCurrent(kept, { certificatePath, keyPath, fingerprint, names })) {
    return { privateKey, certificate: kept, fingerprint, isExposed };
  }
  const { makeCertificate } = await certificateMaker();
  const certificate = await makeCertificate(privateKey, names);
  await writeText(certificatePath, certificate, { secret: false });
  return { privateKey, certificate, fingerprint, isExposed };
}

/** Takes others' rights to a key that was copied here with them. @returns false where the file system keeps them. */
async function keepSecret(path: string): Promise<boolean> {
  try {
    await Deno.chmod(path, 0o600);
  } catch (thrown) {
    // The file systems of USB sticks, and Windows, know no owners: nothing to take.
    if (
      !(thrown instanceof Deno.errors.NotSupported ||
        thrown instanceof Deno.errors.PermissionDenied)
    ) {
      throw thrown;
    }
  }
  const { mode } = await Deno.stat(path);
  // Windows has other rights, which the key inherits from its folder.
  return Deno.build.os === "windows" || mode === null || (mode & 0o077) === 0;
}

function isCurrent(
  certificate: string,
  { certificatePath, keyPath, fingerprint, names }: {
    certificatePath: string;
    keyPath: string;
    fingerprint: Fingerprint;
    names: readonly string[];
  },
): boolean {
  const carried = within(certificatePath, () => certificateFingerprint(certificate));
  if (carried !== fingerprint) {
    throw new Error(`Cannot use ${certificatePath}: it belongs to another key than ${keyPath}`);
  }
  const named = new Set(within(certificatePath, () => certificateAddresses(certificate)));
  return names.every((name) => named.has(name));
}

/** IPv6 addresses are left out: they have many spellings, and clients check the key, not the name. */
function isCertifiable(address: string): boolean {
  return /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(address);
}

function within<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(`Cannot use ${path}: ${messageOf(cause)}`, { cause });
  }
}

function writeText(path: string, text: string, options: { secret: boolean }): Promise<void> {
  return writeFileAtomically(path, new TextEncoder().encode(text), options);
}
