import "reflect-metadata";
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { concatBytes } from "@fusionmeet/base";
import { loadServerIdentity, type ServerIdentity } from "@fusionmeet/store";
import { CLIENT_HELLO } from "../../tests/support/client_hello.ts";
import { forgeHandshake } from "../../tests/support/forged_server.ts";
import { type ByteStream, readFull, writeAll } from "./byte_stream.ts";
import { KnownCertificate, NativeTlsClient, type SecureStream } from "./native_tls.ts";
import { type ConnectFailure, connectTls } from "./tls_client.ts";
import { TlsListener } from "./tls_listener.ts";

async function makeIdentity(): Promise<ServerIdentity> {
  const folder = await Deno.makeTempDir();
  const identity = await loadServerIdentity(folder, ["127.0.0.1"]);
  await Deno.remove(folder, { recursive: true });
  return identity;
}

function certificateOf({ certificate }: Pick<ServerIdentity, "certificate">): KnownCertificate {
  return new KnownCertificate(new Uint8Array(new X509Certificate(certificate).raw));
}

/** A listener with that certificate, and the connections it takes, one by one. */
async function withListener(
  identity: Pick<ServerIdentity, "certificate" | "privateKey">,
  test: (port: number, accept: () => Promise<SecureStream>) => Promise<void>,
): Promise<void> {
  using listener = new TlsListener({ hostname: "127.0.0.1", port: 0, ...identity });
  const connections = listener.connections();
  await test(listener.port, async () => (await connections.next()).value!.stream);
}

function connect(
  port: number,
  certificate: KnownCertificate,
  acceptKey: (fingerprint: string) => boolean = () => true,
): Promise<ByteStream> {
  return connectTls({ hostname: "127.0.0.1", port, certificate, acceptKey, timeoutMs: 2_000 });
}

Deno.test("connectTls() with a known certificate is TLS by Deno at both ends, and carries bytes and ends both ways", async () => {
  const identity = await makeIdentity();
  await withListener(identity, async (port, accept) => {
    const accepted = accept();
    const seen: string[] = [];
    const client = await connect(port, certificateOf(identity), (key) => seen.push(key) > 0);
    ok(client instanceof NativeTlsClient);
    deepStrictEqual(seen, [identity.fingerprint]);
    const server = await accepted;
    const sent = crypto.getRandomValues(new Uint8Array(60_000));
    const content = concatBytes(...Array.from({ length: 30 }, () => sent));
    for (const [from, to] of [[client, server], [server, client]]) {
      const writing = writeAll(from, content).then(() => from.closeWrite());
      const got = new Uint8Array(content.length);
      strictEqual(await readFull(to, got), content.length);
      deepStrictEqual(got, content);
      await writing;
      strictEqual(await to.read(new Uint8Array(1)), null);
    }
    client.close();
    server.close();
  });
});

Deno.test("what was written before close() arrives over a splice", async () => {
  const identity = await makeIdentity();
  await withListener(identity, async (port, accept) => {
    const accepted = accept();
    const client = await connect(port, certificateOf(identity));
    const server = await accepted;
    await writeAll(server, new Uint8Array(200_000).fill(7));
    server.close();
    const got = new Uint8Array(200_001);
    strictEqual(await readFull(client, got), 200_000);
    client.close();
  });
});

Deno.test("connectTls() asks about the key that the server holds, and not the one that is known", async () => {
  const [known, other] = [await makeIdentity(), await makeIdentity()];
  await withListener(other, async (port, accept) => {
    const accepting = (async () => {
      // Deno has refused the certificate; by node:tls the key is judged.
      for (let nth = 0; nth < 2; nth++) (await accept()).handshake().catch(() => undefined);
    })();
    const seen: string[] = [];
    const attempt = connect(port, certificateOf(known), (key) => {
      seen.push(key);
      return key === known.fingerprint;
    });
    await rejects(attempt, { code: "key-refused" });
    deepStrictEqual(seen, [other.fingerprint]);
    await accepting;
  });
});

Deno.test("connectTls() asks about the key of a certificate that Deno trusts and that is another one", async () => {
  // Deno trusts what the known key has signed, and whatever a certificate authority of the world has.
  const [known, other] = [await makeIdentity(), await makeIdentity()];
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keyOf = (pem: string, uses: KeyUsage[]) =>
    crypto.subtle.importKey("pkcs8", x509.PemConverter.decodeFirst(pem), algorithm, true, uses);
  const { publicKey } = new x509.X509Certificate(other.certificate);
  const signed = await x509.X509CertificateGenerator.create({
    subject: "CN=FusionMeet server",
    issuer: "CN=FusionMeet server",
    notBefore: new Date("2000-01-01"),
    notAfter: new Date("2099-01-01"),
    publicKey,
    signingKey: await keyOf(known.privateKey, ["sign"]),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }]),
    ],
  });
  const forged = { certificate: signed.toString("pem"), privateKey: other.privateKey };
  await withListener(forged, async (port, accept) => {
    const accepted = accept();
    const certificate = certificateOf(known);
    const seen: string[] = [];
    const attempt = connect(port, certificate, (key) => {
      seen.push(key);
      return key === known.fingerprint;
    });
    await rejects(attempt, { code: "key-refused" });
    deepStrictEqual(seen, [other.fingerprint]);
    ok(certificate.isGood, "Deno has trusted it: the check of the key alone has refused it");
    (await accepted).close();
  });
});

Deno.test("connectTls() refuses the known certificate from who does not hold its key", async () => {
  const [known, other] = [await makeIdentity(), await makeIdentity()];
  const certificate = new Uint8Array(new X509Certificate(known.certificate).raw);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for (let nth = 0; nth < 2; nth++) {
      using connection = await listener.accept();
      await forgeHandshake(connection, { certificate, privateKey: other.privateKey });
      while (await connection.read(new Uint8Array(999)).catch(() => null) !== null);
    }
  })();
  let asked = 0;
  const attempt = connect(listener.addr.port, new KnownCertificate(certificate), () => {
    asked++;
    return true;
  });
  await rejects(attempt, (thrown: ConnectFailure) => thrown.code === "not-a-server");
  strictEqual(asked, 0);
  await serving;
});

Deno.test("connectTls() does it without Deno's TLS once a handshake was not answered", async () => {
  const identity = await makeIdentity();
  const certificate = certificateOf(identity);
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = silent.accept();
  const attempt = connectTls({
    ...{ hostname: "127.0.0.1", port: silent.addr.port, certificate },
    ...{ acceptKey: () => true, timeoutMs: 50 },
  });
  await rejects(attempt, { code: "timeout" });
  (await accepted).close();
  await withListener(identity, async (port, accept) => {
    const accepted = accept();
    const client = await connect(port, certificate);
    ok(!(client instanceof NativeTlsClient));
    client.close();
    (await accepted).close();
  });
});

Deno.test("a connection that wants a splice and says no more can be closed at any time", async () => {
  await withListener(await makeIdentity(), async (port, accept) => {
    for (const size of [5, 100, CLIENT_HELLO.length]) {
      using peer = await Deno.connect({ hostname: "127.0.0.1", port });
      const stream = await accept();
      await peer.write(CLIENT_HELLO.subarray(0, size));
      // The whole of it is answered.
      if (size === CLIENT_HELLO.length) ok(await peer.read(new Uint8Array(99)) !== null);
      stream.close();
      await rejects(stream.handshake());
      while (await peer.read(new Uint8Array(99)).catch(() => null) !== null);
    }
  });
});

Deno.test("TlsListener splices so many connections at once, and serves the others all the same", async () => {
  const identity = await makeIdentity();
  using listener = new TlsListener({
    ...{ hostname: "127.0.0.1", port: 0, splicesMax: 2, ...identity },
  });
  const connections = listener.connections();
  const open = async () => {
    const accepted = connections.next().then(({ value }) => value!.stream);
    const client = await connect(listener.port, certificateOf(identity));
    return { client, server: await accepted };
  };
  const pairs = [await open(), await open(), await open()];
  strictEqual(listener.spliceCount, 2);
  for (const { client, server } of pairs) {
    await writeAll(client, Uint8Array.of(5));
    strictEqual(await readFull(server, new Uint8Array(1)), 1);
    client.close();
    server.close();
    server.close();
  }
  strictEqual(listener.spliceCount, 0);
});

Deno.test("a splice takes nothing from the network while nobody reads", async () => {
  const identity = await makeIdentity();
  await withListener(identity, async (port, accept) => {
    const accepted = accept();
    const client = await connect(port, certificateOf(identity));
    const server = await accepted;
    await server.handshake();
    const piece = new Uint8Array(65_536);
    for (const [from, to] of [[client, server], [server, client]]) {
      const sizes = new Set<number>();
      let sent = 0;
      const sending = (async () => {
        while (sent < 1e9) sent += await from.write(piece);
      })();
      sending.catch(() => undefined);
      // Until five looks in a row find nothing new.
      for (let still = 0; still < 5; sizes.add(sent)) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        still = sizes.has(sent) ? still + 1 : 0;
      }
      ok(sent < 64e6, `${sent} bytes`);
      const before = sent;
      await readFull(to, new Uint8Array(16e6));
      ok(sent > before);
    }
    client.close();
    server.close();
  });
});
