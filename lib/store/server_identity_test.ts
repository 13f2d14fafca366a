import { deepStrictEqual, notStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { certificateAddresses, certificateFingerprint } from "./certificate.ts";
import { makePrivateKey } from "./certificate_maker.ts";
import { FolderLock } from "./folder_lock.ts";
import { loadServerIdentity } from "./server_identity.ts";

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("loadServerIdentity() makes a P-256 key and a certificate once", async () => {
  await withFolder(async (folder) => {
    const first = await loadServerIdentity(folder, ["192.0.2.7", "meeting-host", "fe80::1"]);
    deepStrictEqual(await loadServerIdentity(folder, ["192.0.2.7"]), first);
    const certificate = new X509Certificate(first.certificate);
    strictEqual(certificate.ca, false);
    strictEqual(new Date(certificate.validFrom).getUTCFullYear(), 2000);
    strictEqual(new Date(certificate.validTo).getUTCFullYear(), 2099);
    deepStrictEqual(certificateAddresses(first.certificate), ["192.0.2.7", "meeting-host"]);
    const spki = createPublicKey(first.privateKey).export({ type: "spki", format: "der" });
    strictEqual(first.fingerprint, createHash("sha256").update(spki).digest("hex"));
    strictEqual(certificateFingerprint(first.certificate), first.fingerprint);
    if (Deno.build.os === "windows") return;
    strictEqual((await Deno.stat(join(folder, "server.key"))).mode! & 0o777, 0o600);
  });
});

Deno.test("loadServerIdentity() issues a new certificate for the same key when addresses change", async () => {
  await withFolder(async (folder) => {
    const first = await loadServerIdentity(folder, ["192.0.2.7"]);
    const second = await loadServerIdentity(folder, ["192.0.2.7", "198.51.100.1"]);
    notStrictEqual(second.certificate, first.certificate);
    strictEqual(second.privateKey, first.privateKey);
    strictEqual(second.fingerprint, first.fingerprint);
    await Deno.remove(join(folder, "server.crt"));
    strictEqual((await loadServerIdentity(folder, [])).fingerprint, first.fingerprint);
  });
});

Deno.test("loadServerIdentity() takes others' rights to a copied key", async () => {
  if (Deno.build.os === "windows") return;
  await withFolder(async (folder) => {
    await loadServerIdentity(folder, []);
    await Deno.chmod(join(folder, "server.key"), 0o644);
    await loadServerIdentity(folder, []);
    strictEqual((await Deno.stat(join(folder, "server.key"))).mode! & 0o777, 0o600);
  });
});

Deno.test("loadServerIdentity() refuses damaged, missing and mismatched files, and replaces none", async () => {
  await withFolder(async (folder) => {
    const { privateKey, certificate } = await loadServerIdentity(folder, ["192.0.2.7"]);
    const [keyPath, certificatePath] = [join(folder, "server.key"), join(folder, "server.crt")];
    const cases: [key: string | undefined, certificate: string, state: RegExp][] = [
      ["nonsense", certificate, /Cannot use .*server\.key/],
      ["", certificate, /Cannot use .*server\.key/],
      [privateKey, "nonsense", /Cannot use .*server\.crt/],
      [privateKey, "", /Cannot use .*server\.crt/],
      [privateKey.slice(0, 100), certificate, /Cannot use .*server\.key/],
      [await makePrivateKey(), certificate, /server\.crt: it belongs to another key than/],
      [undefined, certificate, /server\.crt: its key .*server\.key is missing/],
    ];
    for (const [key, crt, state] of cases) {
      if (key === undefined) await Deno.remove(keyPath);
      else await Deno.writeTextFile(keyPath, key);
      await Deno.writeTextFile(certificatePath, crt);
      await rejects(loadServerIdentity(folder, ["203.0.113.9"]), state);
      if (key !== undefined) strictEqual(await Deno.readTextFile(keyPath), key);
      strictEqual(await Deno.readTextFile(certificatePath), crt);
    }
  });
});

Deno.test("FolderLock.take() keeps a second server out until the first one ends", async () => {
  await withFolder(async (folder) => {
    {
      using _lock = await FolderLock.take(folder);
      await rejects(FolderLock.take(folder), /another server uses it/);
    }
    using again = await FolderLock.take(folder);
    ok(again);
  });
});
