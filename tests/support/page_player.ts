/**
 * Plays the window's page where no browser can be: `deno run page_player.ts LINK` in a namespace. What the program says
 * goes to stdout, what the page says comes on stdin, one JSON message a line.
 */
import { readLines } from "../../client/stdin_commands.ts";

const link = new URL(Deno.args[0]);
const socket = new WebSocket(`ws://${link.host}/state`, { headers: { origin: link.origin } });
socket.onopen = () =>
  socket.send(
    JSON.stringify({ do: "hello", token: link.hash.slice(1), decoders: { h264: true } }),
  );
socket.onmessage = ({ data }) =>
  console.log(JSON.stringify({ event: "said", said: JSON.parse(data) }));
socket.onclose = () => Deno.exit(0);
for await (const line of readLines(Deno.stdin.readable)) socket.send(line);
socket.close();
