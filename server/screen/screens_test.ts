/** Screens over real TLS, at a server whose time stands still. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { openTicketed } from "@fusionmeet/net";
import { encodeScreenMessage, type ScreenMessage, SHARE_CLOSED_MS } from "@fusionmeet/protocol";
import { type Client, type TestServer, until, withServer } from "../control_server_fixture.ts";
import { format, picture, ScreenEnd, status, tiles } from "./screen_fixture.ts";

/** Opens the connection of a share. */
async function open(
  server: TestServer,
  client: Client,
  { purpose, share }: { purpose: "screen.send" | "screen.view"; share: number },
): Promise<ScreenEnd> {
  client.send({ type: "ticket.get", mark: "m", purpose, subject: share });
  const answer = await client.nextOf("ticket", "refused");
  if (answer.type === "refused") throw Object.assign(new Error(answer.message), answer);
  let fingerprint = "";
  (await server.connectRaw((key) => fingerprint = key)).close();
  const { ticket } = answer;
  const { port } = server.control;
  return new ScreenEnd(await openTicketed({ hostname: "127.0.0.1", port, fingerprint, ticket }));
}

/** Becomes the presenter. @returns the share */
async function present(client: Client): Promise<number> {
  client.send({ type: "presenter.request" });
  for (;;) {
    const { share } = await client.next("presenter");
    if (share !== undefined) return share;
  }
}

/** Waits until the share is as said. */
async function shareIs(
  client: Client,
  fits: (said: { share?: number; paused: boolean; ended?: string }) => boolean,
) {
  for (;;) if (fits(await client.next("presenter"))) return;
}

/** A meeting in which Ann presents and others may look. */
async function withShare(
  test: (meeting: { server: TestServer; ann: Client; bob: Client; share: number }) => Promise<void>,
): Promise<void> {
  await withServer({}, async (server) => {
    const [ann, bob] = [await server.join("Ann"), await server.join("Bob")];
    await test({ server, ann, bob, share: await present(ann) });
  });
}

Deno.test("a screen goes from its presenter to who looks, byte for byte, also to who came before and after", async () => {
  await withShare(async ({ server, ann, bob, share }) => {
    const early = await open(server, bob, { purpose: "screen.view", share });
    const shown = await open(server, ann, { purpose: "screen.send", share });
    await shown.send(format(1));
    deepStrictEqual(await shown.brief(1), ["acknowledge 1"]);
    const { bytes, ...first } = await early.next() as ScreenMessage & { bytes: Uint8Array };
    deepStrictEqual(first, format(1));
    deepStrictEqual(bytes, encodeScreenMessage(format(1)));
    await shown.send(picture(2, { keyframe: true }), tiles(3, [0, 5]), status(4, "hidden"));
    // They may come in one piece or not.
    const said = await early.brief(3);
    deepStrictEqual(said.toSorted(), ["keyframe 2", "status 4", "tiles 3: 0 5"]);
    deepStrictEqual(await shown.brief(3), [2, 3, 4].map((number) => `acknowledge ${number}`));
    const late = await open(server, await server.join("Cyd"), { purpose: "screen.view", share });
    const all = ["format 1", "status 4", "tiles 3: 0 5", "keyframe 2"];
    deepStrictEqual(await late.brief(4), all);
    await late.send({ type: "clock.ask", sequence: 9, askedAtMs: 12.5 });
    deepStrictEqual({ ...await late.next(), bytes: 0 }, {
      ...{ type: "clock.answer", sequence: 9, askedAtMs: 12.5, bytes: 0 },
      serverAtMs: server.parts.epochMs(),
    });
    await shown.send({ type: "clock.ask", sequence: 1, askedAtMs: 0 });
    deepStrictEqual(await shown.brief(1), ["clock.answer 1"]);
    ann.send({ type: "presenter.stop", share });
    for (const each of [shown, early, late]) strictEqual(await each.next(), undefined);
    await until(() => server.control.tickets.openCount === 0);
    for (const each of [shown, early, late]) each.stream.close();
  });
});

Deno.test("only the presenter may send, everybody may look, and nobody at a share that is over", async () => {
  await withShare(async ({ server, ann, bob, share }) => {
    await rejects(open(server, bob, { purpose: "screen.send", share }), { code: "not-presenter" });
    (await open(server, ann, { purpose: "screen.view", share })).stream.close();
    for (const purpose of ["screen.send", "screen.view"] as const) {
      await rejects(open(server, ann, { purpose, share: share + 1 }), { code: "no-such-share" });
    }
    ann.send({ type: "presenter.stop", share });
    await ann.synchronise();
    await rejects(open(server, ann, { purpose: "screen.view", share }), { code: "no-such-share" });
  });
});

Deno.test("a share without its presenter's connection is paused; a second connection takes the place of the first", async () => {
  await withShare(async ({ server, ann, bob, share }) => {
    const view = await open(server, bob, { purpose: "screen.view", share });
    const first = await open(server, ann, { purpose: "screen.send", share });
    await first.send(format(7), picture(8, { keyframe: true }));
    deepStrictEqual(await view.brief(2), ["format 7", "keyframe 8"]);
    first.stream.close();
    await shareIs(bob, ({ paused }) => paused);
    const second = await open(server, ann, { purpose: "screen.send", share });
    await shareIs(bob, ({ paused }) => !paused);
    const third = await open(server, ann, { purpose: "screen.send", share });
    strictEqual(await second.next(), undefined);
    // What was shown stays, for who comes now, until the new connection has a format.
    const late = await open(server, await server.join("Cyd"), { purpose: "screen.view", share });
    deepStrictEqual(await late.brief(2), ["format 7", "keyframe 8"]);
    await third.send(format(1), picture(2, { keyframe: true }));
    for (const each of [view, late]) {
      deepStrictEqual(await each.brief(2), ["format 1", "keyframe 2"]);
    }
    for (const each of [second, third, view, late]) each.stream.close();
  });
});

Deno.test("a presenter's connection that breaks the protocol ends and is counted; viewers wait", async () => {
  await withShare(async ({ server, ann, bob, share }) => {
    const view = await open(server, bob, { purpose: "screen.view", share });
    const wrong: [string, ScreenMessage[]][] = [
      ["unexpected", [picture(1, { keyframe: true })]],
      ["malformed", [format(1), picture(1)]],
      ["malformed", [format(1), tiles(2, [12])]],
      ["malformed", [format(1), { type: "stale", sequence: 2, changed: new Uint8Array() }]],
      ["malformed", [format(1), { ...picture(2), changed: new Uint8Array(3) } as ScreenMessage]],
    ];
    const counted = (code: string) => server.control.counters.get(`screen.protocol.${code}`);
    for (const [code, messages] of wrong) {
      const before = counted(code);
      const sender = await open(server, ann, { purpose: "screen.send", share });
      await sender.send(...messages).catch(() => {});
      while (await sender.next() !== undefined);
      strictEqual(counted(code), before + 1, code);
      sender.stream.close();
    }
    const right = await open(server, ann, { purpose: "screen.send", share });
    await right.send(format(40));
    while ((await view.brief(1))[0] !== "format 40");
    await view.send(picture(1));
    strictEqual(await view.next(), undefined);
    for (const each of [right, view]) each.stream.close();
  });
});

Deno.test("one connection of a viewer: a second takes its place; who is cut off loses it, a presenter the share", async () => {
  await withShare(async ({ server, ann, bob, share }) => {
    const sender = await open(server, ann, { purpose: "screen.send", share });
    await sender.send(format(1));
    const first = await open(server, bob, { purpose: "screen.view", share });
    deepStrictEqual(await first.brief(1), ["format 1"]);
    const second = await open(server, bob, { purpose: "screen.view", share });
    strictEqual(await first.next(), undefined);
    deepStrictEqual(await second.brief(1), ["format 1"]);
    ann.connection.destroy("cut");
    await shareIs(bob, ({ paused }) => paused);
    server.timers.advance(SHARE_CLOSED_MS);
    await shareIs(bob, ({ ended }) => ended === "lost");
    strictEqual(await second.next(), undefined);
    for (const each of [sender, first, second]) each.stream.close();
  });
});
