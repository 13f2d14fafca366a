import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { splitLinks } from "./links.ts";

const linksIn = (text: string) =>
  splitLinks(text).flatMap(({ text, href }) => href === undefined ? [] : [text]);

Deno.test("splitLinks() finds web addresses and leaves the sentence around them", () => {
  deepStrictEqual(splitLinks("See http://a.lan/x?y=1#z, please"), [
    { text: "See " },
    { text: "http://a.lan/x?y=1#z", href: "http://a.lan/x?y=1#z" },
    { text: ", please" },
  ]);
  deepStrictEqual(linksIn("(https://a.lan/b) https://a.lan/c_(d). https://a.lan/e!"), [
    "https://a.lan/b",
    "https://a.lan/c_(d)",
    "https://a.lan/e",
  ]);
  deepStrictEqual(linksIn("http://192.168.1.5:8080/מסמך"), ["http://192.168.1.5:8080/מסמך"]);
});

Deno.test("splitLinks() makes nothing else a link", () => {
  for (
    const text of [
      "javascript:alert(1)",
      "data:text/html,<script>alert(1)</script>",
      "file:///etc/passwd",
      "ftp://a.lan",
      "http://",
      "https://%",
      "xhttp://a.lan",
      "<img src=x onerror=alert(1)>",
    ]
  ) deepStrictEqual(splitLinks(text), [{ text }]);
});

Deno.test("splitLinks() loses no character", () => {
  const text = 'a "http://a.lan" <b>https://b.lan</b> 🎉http://c.lan🎉 \n\n http://d.lan...';
  strictEqual(splitLinks(text).map((piece) => piece.text).join(""), text);
  deepStrictEqual(splitLinks(""), []);
});
