import { createHash } from "node:crypto";
import { Refusal } from "@fusionmeet/base";
import { decodeRoom, DEFAULT_ROOM, fingerprintWords } from "@fusionmeet/protocol";
import { type Invitation, invitationsOf, type Reachable } from "./invitation.ts";

/** What the page says about the server. */
export interface PageServer extends Reachable {
  readonly serverName?: string;
  readonly needsPin: boolean;
}

/** What a browser gets. */
export interface PageAnswer {
  readonly status: number;
  readonly body: string;
  /** The source of styles that its policy allows. */
  readonly styles: string;
}

const STYLE = `
:root{color-scheme:light dark;--canvas:light-dark(#f4f4f7,#101015);--surface:light-dark(#fff,#1a1a21);
--sunken:light-dark(#efeff4,#24242d);--line:light-dark(#e3e3ea,#2c2c37);--ink:light-dark(#17171f,#f2f2f6);
--soft:light-dark(#565667,#b0b0bf);--accent:light-dark(#4338ca,#b7b3ff);--warn:light-dark(#fdf2d9,#3a2d12);
--warn-ink:light-dark(#744a00,#f5cf7d)}
*{box-sizing:border-box}
body{margin:0;background:var(--canvas);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:36rem;margin:0 auto;padding:1.5rem 1.25rem 3rem}
.product{margin:0 0 .25rem;color:var(--accent);font-weight:600}
h1{margin:0;font-size:1.75rem;line-height:1.2}
h2{margin:2rem 0 .5rem;font-size:1.125rem}
p{margin:.5rem 0}
.soft{color:var(--soft)}
.note{margin:1.25rem 0 0;padding:.75rem 1rem;border-radius:10px;background:var(--warn);color:var(--warn-ink)}
.link{display:block;margin:.5rem 0;padding:.75rem 1rem;border:1px solid var(--line);border-radius:10px;
background:var(--surface);font:.9375rem/1.5 ui-monospace,monospace;user-select:all;-webkit-user-select:all}
ol{margin:.5rem 0;padding-left:1.5rem}
li{margin:.375rem 0}
.words{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:.5rem;margin:.75rem 0;padding:0;list-style:none;
counter-reset:word}
.words li{counter-increment:word;margin:0;padding:.5rem .75rem;border-radius:8px;background:var(--sunken);font-weight:600}
.words li::before{content:counter(word) " ";color:var(--soft);font-weight:400}
`.replaceAll("\n", "");

const STYLE_SOURCE = `'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`;

/** The answer to a browser that asks for `path`: the page about the room that it names, `/` for the usual one. */
export function answerFor(path: string, server: PageServer): PageAnswer {
  let room: string;
  try {
    room = roomOf(path);
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    return page(404, "No such room", [
      `<h1>No such room</h1>`,
      `<p>${escaped(thrown.message)}. Ask for the link again.</p>`,
    ]);
  }
  const [first, ...others] = invitationsOf(server, room);
  return page(200, room, [
    `<h1>Join <bdi>${escaped(room)}</bdi></h1>`,
    `<p class="soft">A meeting on ${
      server.serverName === undefined
        ? "a server of your network"
        : `the server <bdi>${escaped(server.serverName)}</bdi>`
    }.${server.needsPin ? " It asks for a PIN: whoever invited you knows it." : ""}</p>`,
    `<p class="note">You meet on a computer: there is no FusionMeet for phones. On a phone, open this page on ` +
    `a computer in the same network: <strong>${escaped(first.page)}</strong></p>`,
    "<h2>Your link</h2>",
    linkMarkup(first),
    "<h2>How to join</h2>",
    "<ol>",
    "<li>Get the FusionMeet folder for your computer from whoever invited you, on a USB stick or over the network. " +
    "Nothing has to be installed.</li>",
    "<li>Start FusionMeet in that folder; README.txt there says how.</li>",
    "<li>Compare the words below: the link is only as good as they are.</li>",
    `<li>Copy the link and paste it into the field <strong>Server</strong>. Type your name and join.</li>`,
    "</ol>",
    "<h2>Compare these words</h2>",
    `<p>This page came to you unprotected: somebody in your network could have changed it, the link included. These ` +
    `words stand for the key in the link. Before you join, compare them with those on the server's own screen, or ` +
    `have whoever runs it read them to you. If even one differs, do not use the link.</p>`,
    `<ol class="words">${
      fingerprintWords(server.fingerprint).map((word) => `<li>${word}</li>`).join("")
    }</ol>`,
    ...(others.length === 0 ? [] : [
      "<h2>If the link finds no server</h2>",
      "<p>The server has other addresses, too:</p>",
      ...others.map(linkMarkup),
    ]),
  ]);
}

/** @throws Refusal in words */
function roomOf(path: string): string {
  const segment = path.slice(1);
  if (segment.includes("/")) throw new Refusal("link-bad", "This address names no room");
  return decodeRoom(segment) ?? DEFAULT_ROOM;
}

function linkMarkup({ link }: Invitation): string {
  return `<code class="link">${escaped(link)}</code>`;
}

function page(status: number, title: string, parts: readonly string[]): PageAnswer {
  const body = [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escaped(title)} - FusionMeet</title>`,
    '<link rel="icon" href="data:,">',
    `<style>${STYLE}</style>`,
    "</head>",
    "<body>",
    "<main>",
    '<p class="product">FusionMeet</p>',
    ...parts,
    "</main>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
  return { status, body, styles: STYLE_SOURCE };
}

/** As text, never markup; also between quotes. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
