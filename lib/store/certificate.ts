import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { createHash, createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { Fingerprint } from "@fusionmeet/protocol";

const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Wide enough for machines whose clock is wrong (no internet, no battery). */
const NOT_BEFORE = new Date("2000-01-01T00:00:00Z");
const NOT_AFTER = new Date("2099-12-31T23:59:59Z");

/** A new P-256 private key, PKCS #8 PEM. */
export async function makePrivateKey(): Promise<string> {
  const { privateKey } = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const der = await crypto.subtle.exportKey("pkcs8", privateKey);
  return x509.PemConverter.encode(der, "PRIVATE KEY") + "\n";
}

/**
 * A self-signed certificate (not a CA) for a key, valid 2000-2099.
 *
 * @param privateKey PKCS #8 PEM, P-256.
 * @param addresses IP addresses and host names it names.
 */
export async function makeCertificate(
  privateKey: string,
  addresses: readonly string[],
): Promise<string> {
  const spki = createPublicKey(createPrivateKey(privateKey)).export({
    type: "spki",
    format: "der",
  });
  const pkcs8 = x509.PemConverter.decodeFirst(privateKey);
  const keys = {
    privateKey: await crypto.subtle.importKey("pkcs8", pkcs8, P256, false, ["sign"]),
    publicKey: await crypto.subtle.importKey("spki", new Uint8Array(spki), P256, true, ["verify"]),
  };
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=FusionMeet server",
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    keys,
    signingAlgorithm: P256,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        addresses.map((value) => ({ type: isIP(value) ? "ip" as const : "dns" as const, value })),
      ),
    ],
  });
  return certificate.toString("pem") + "\n";
}

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

/** The addresses a certificate names, as written in it. */
export function certificateAddresses(certificate: string): string[] {
  const names = new x509.X509Certificate(certificate)
    .getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
  return names.map(({ value }) => value);
}

function spkiFingerprint(key: ReturnType<typeof createPublicKey>): Fingerprint {
  return createHash("sha256").update(key.export({ type: "spki", format: "der" })).digest("hex");
}
