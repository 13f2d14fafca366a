import { createHash, createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import type { Fingerprint } from "@fusionmeet/protocol";

/** The fingerprint of the key in a certificate (PEM text or DER). @throws where it is none. */
export function certificateFingerprint(certificate: string | Uint8Array): Fingerprint {
  return spkiFingerprint(new X509Certificate(certificate).publicKey);
}

/** The fingerprint of a private key's public half. @throws where it is none, or not P-256. */
export function privateKeyFingerprint(privateKey: string): Fingerprint {
  const key = createPrivateKey(privateKey);
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw new Error("not a P-256 key");
  return spkiFingerprint(createPublicKey(key));
}

/** The IPv4 addresses and host names a certificate names. */
export function certificateAddresses(certificate: string): string[] {
  const names = new X509Certificate(certificate).subjectAltName?.split(", ") ?? [];
  return names.map((name) => name.slice(name.indexOf(":") + 1));
}

function spkiFingerprint(key: ReturnType<typeof createPublicKey>): Fingerprint {
  return createHash("sha256").update(key.export({ type: "spki", format: "der" })).digest("hex");
}
