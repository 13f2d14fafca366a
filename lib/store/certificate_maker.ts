/** Makes keys and certificates, at a server's first start or at new addresses: loaded only then, for it takes 10 MB. */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { isIP } from "node:net";

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
