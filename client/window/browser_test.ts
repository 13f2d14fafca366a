import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { appOpeners, defaultOpener, openBrowser, openLink, redirectPage } from "./browser.ts";

const TOKEN = "cafe0123cafe0123";
const URL_WITH_TOKEN = `http://127.0.0.1:40123/?token=${TOKEN}`;

/** Runs `test` with an opener that writes its arguments down, in a folder of its own. */
async function withOpener(
  test: (given: { folder: string; script: string; argumentsFile: string }) => Promise<void>,
): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "fusionmeet-" });
  const [script, argumentsFile] = [`${folder}/opener`, `${folder}/arguments`];
  Deno.writeTextFileSync(script, `#!/bin/sh\nprintf '%s\\n' "$@" > '${argumentsFile}'\n`, {
    mode: 0o700,
  });
  try {
    await test({ folder, script, argumentsFile });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("defaultOpener() is what each system opens things with", () => {
  deepStrictEqual(defaultOpener("linux"), { program: "xdg-open", args: [] });
  deepStrictEqual(defaultOpener("darwin"), { program: "open", args: [] });
  deepStrictEqual(defaultOpener("windows"), {
    program: "rundll32",
    args: ["url.dll,FileProtocolHandler"],
  });
});

Deno.test("appOpeners() finds the browsers that show a page as a window of its own", () => {
  const on = (os: string, variables: Record<string, string>, files: readonly string[]) =>
    appOpeners(os, {
      variable: (name) => variables[name],
      isFile: (path) => files.includes(path),
    }).map(({ program, args, flag }) => [program, ...args, flag].join(" "));
  const edge = "C:\\Programs (x86)\\Microsoft\\Edge\\Application\\msedge.exe";
  const chrome = "C:\\Programs\\Google\\Chrome\\Application\\chrome.exe";
  const folders = { "ProgramFiles(x86)": "C:\\Programs (x86)", ProgramFiles: "C:\\Programs" };
  deepStrictEqual(on("windows", folders, [chrome, edge]), [`${edge} --app=`, `${chrome} --app=`]);
  deepStrictEqual(on("windows", {}, [edge]), []);
  const path = { PATH: "/usr/local/bin::/usr/bin" };
  deepStrictEqual(on("linux", path, ["/usr/bin/chromium"]), ["/usr/bin/chromium --app="]);
  const app = "/Applications/Google Chrome.app/Contents/Info.plist";
  deepStrictEqual(on("darwin", {}, [app]), ["open -na Google Chrome --args --app="]);
});

Deno.test("openBrowser() tells a browser's window where to go with the flag in front", () =>
  withOpener(async ({ folder, script, argumentsFile }) => {
    const opener = { program: script, args: [], flag: "--app=" };
    strictEqual(await openBrowser(URL_WITH_TOKEN, { folder: `${folder}/page`, opener }), undefined);
    match(Deno.readTextFileSync(argumentsFile), /^--app=file:\/\/.*\/fusionmeet\.html\n$/);
  }));

Deno.test("redirectPage() leads to the address, whatever is in it", () => {
  const page = redirectPage('http://127.0.0.1:1/?a="b"&c=<d>');
  const address = "http://127.0.0.1:1/?a=&quot;b&quot;&amp;c=&lt;d>";
  ok(page.includes(`<meta http-equiv="refresh" content="0; url=${address}">`));
  ok(page.includes(`<a href="${address}">`));
});

Deno.test({
  name: "openBrowser() gives the browser a file of ours alone, and no argument has the token",
  fn: () =>
    withOpener(async ({ folder, script, argumentsFile }) => {
      const opener = { program: script, args: ["first"] };
      strictEqual(
        await openBrowser(URL_WITH_TOKEN, { folder: `${folder}/page`, opener }),
        undefined,
      );
      const [first, target, ...rest] = Deno.readTextFileSync(argumentsFile).trimEnd().split("\n");
      deepStrictEqual([first, rest], ["first", []]);
      ok(!target.includes(TOKEN));
      const path = fileURLToPath(target);
      match(Deno.readTextFileSync(path), new RegExp(TOKEN));
      strictEqual(Deno.statSync(path).mode! & 0o777, 0o600);
      strictEqual(Deno.statSync(new URL(".", target)).mode! & 0o777, 0o700);
    }),
});

Deno.test("openBrowser() removes what a killed program left, and leaves what a running one needs", async () => {
  await withOpener(async ({ folder, script }) => {
    const page = `${folder}/page`;
    const opener = { program: script, args: [] };
    const old = `${page}/open-old`;
    Deno.mkdirSync(old, { recursive: true });
    Deno.utimeSync(old, new Date(0), new Date(0));
    await openBrowser(URL_WITH_TOKEN, { folder: page, opener });
    await openBrowser(URL_WITH_TOKEN, { folder: page, opener });
    const names = [...Deno.readDirSync(page)].map(({ name }) => name);
    deepStrictEqual([names.length, names.includes("open-old")], [2, false]);
  });
});

Deno.test({
  name: "openBrowser() and its file end with the program",
  fn: () =>
    withOpener(async ({ folder, script }) => {
      const module = JSON.stringify(import.meta.resolve("./browser.ts"));
      const program = `import { openBrowser } from ${module};
        const opener = { program: Deno.args[0], args: [] };
        const fault = await openBrowser("http://127.0.0.1:1/", { folder: Deno.args[1], opener });
        Deno.exit(fault === undefined && [...Deno.readDirSync(Deno.args[1])].length === 1 ? 0 : 1);`;
      const path = `${folder}/program.ts`;
      Deno.writeTextFileSync(path, program);
      const config = `${import.meta.dirname}/../../deno.json`;
      const { code } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "--config", config, path, script, `${folder}/page`],
        stderr: "inherit",
      }).output();
      strictEqual(code, 0);
      deepStrictEqual([...Deno.readDirSync(`${folder}/page`)], []);
    }),
});

Deno.test("A browser that cannot be opened is a sentence", async () => {
  await withOpener(async ({ folder, script }) => {
    const missing = { program: `${folder}/missing`, args: [] };
    strictEqual(
      await openLink("https://example.org/", missing),
      `Cannot open the browser: ${folder}/missing is not on this computer`,
    );
    Deno.writeTextFileSync(script, "#!/bin/sh\nexit 3\n");
    strictEqual(
      await openBrowser(URL_WITH_TOKEN, {
        folder: `${folder}/page`,
        opener: { program: script, args: [] },
      }),
      `Cannot open the browser: ${script} ended with 3`,
    );
    deepStrictEqual([...Deno.readDirSync(`${folder}/page`)], []);
    const file = await openBrowser(URL_WITH_TOKEN, { folder: script, opener: missing });
    match(file!, /^Cannot open the browser: .*exists/);
  });
});
