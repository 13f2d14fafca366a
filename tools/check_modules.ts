/**
 * `deno task modules`: fails on an import that climbs a floor or crosses modules other than by
 * `@fusionmeet/<module>`, and on clocks, chance and the system in the pure floors 0-2.
 */

/** Modules by path, the longest prefix counts. Tools, tests and benches stand outside and may import all. */
const FLOORS: Readonly<Record<string, number>> = {
  "lib/base": 0,
  "lib/protocol": 1,
  "lib/bridge": 1,
  "lib/mixer": 1,
  "lib/media": 2,
  "lib/net": 3,
  "lib/places": 3,
  "lib/store": 3,
  "lib/discovery": 3,
  "lib/codec": 3,
  "server": 4,
  "client": 4,
  "client/webview": 5,
};
const PURE_FLOOR_MAX = 2;
/** The highest floor the webview may import: it runs in a page. */
const WEBVIEW_IMPORTS_MAX = 1;
/** Packages that only compute. */
const PURE_PACKAGES = ["@msgpack/msgpack", "@scure/bip39/wordlists/english"];
const OUTSIDE = ["tools", "tests", "bench"];

/** What a pure module must be given instead of taking it. */
const IMPURE = new RegExp(
  "(?<![.\\w$])(Deno|setTimeout|setInterval|setImmediate|Date|performance|console|fetch|crypto|process|" +
    "globalThis|navigator|Worker|Math\\s*\\.\\s*random)\\b(?!\\s*\\??:)",
  "g",
);

/** The faults of one file, each in words that name it. @param path relative to the root, with `/`. */
export function faultsOf(path: string, source: string): string[] {
  const module = moduleOf(path);
  const isTest = /_(test|bench)\.tsx?$/.test(path);
  const faults: string[] = [];
  const { code, specifiers } = scan(source);
  for (const specifier of specifiers) {
    const fault = importFault({ path, module, isTest, specifier });
    if (fault) faults.push(`${path}: ${fault}`);
  }
  if (module === undefined && !OUTSIDE.includes(path.split("/")[0])) {
    faults.push(`${path}: stands in no module (see FLOORS)`);
  }
  if (module !== undefined && FLOORS[module] <= PURE_FLOOR_MAX && !isTest) {
    for (const [, name] of code.matchAll(IMPURE)) {
      faults.push(`${path}: uses ${name.replaceAll(/\s/g, "")} on pure floor ${FLOORS[module]}`);
    }
  }
  return faults;
}

function moduleOf(path: string): string | undefined {
  return Object.keys(FLOORS).filter((module) => path.startsWith(`${module}/`))
    .sort((a, b) => b.length - a.length)[0];
}

interface Import {
  readonly path: string;
  readonly module: string | undefined;
  readonly isTest: boolean;
  readonly specifier: string;
}

function importFault({ path, module, isTest, specifier }: Import): string | undefined {
  if (specifier.startsWith(".")) {
    const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
    const targetModule = moduleOf(target);
    if (targetModule === module) return undefined;
    if (targetModule?.startsWith("lib/")) {
      return `imports ${specifier}: other modules only as @fusionmeet/${targetModule.slice(4)}`;
    }
    if (module === undefined) return undefined;
    if (isTest && target.startsWith("tests/support/")) return undefined;
    return `imports ${specifier}: leaves its module`;
  }
  const name = /^@fusionmeet\/(.*)$/.exec(specifier)?.[1];
  if (name !== undefined) return floorFault({ module, isTest, name });
  if (module === undefined || isTest || FLOORS[module] > PURE_FLOOR_MAX) return undefined;
  return PURE_PACKAGES.includes(specifier)
    ? undefined
    : `imports ${specifier}: floor ${FLOORS[module]} is pure`;
}

function floorFault(
  { module, isTest, name }: { module: string | undefined; isTest: boolean; name: string },
): string | undefined {
  const target = FLOORS[`lib/${name}`];
  if (target === undefined) return `imports @fusionmeet/${name}: no such module`;
  if (`lib/${name}` === module) {
    return isTest ? undefined : `imports @fusionmeet/${name}: itself; use a relative path`;
  }
  if (module === undefined || isTest) return undefined;
  const floor = FLOORS[module];
  const highest = module === "client/webview" ? WEBVIEW_IMPORTS_MAX : floor - 1;
  return target <= highest
    ? undefined
    : `imports @fusionmeet/${name}: floor ${floor} may not use floor ${target}`;
}

/** The code with comments and the insides of strings blanked, and every module it imports. */
function scan(source: string): { code: string; specifiers: string[] } {
  const strings: string[] = [];
  let code = "";
  const token = new RegExp(
    [
      "//[^\\n]*",
      "/\\*[^]*?\\*/",
      '"(?:\\\\.|[^"\\\\\\n])*"',
      "'(?:\\\\.|[^'\\\\\\n])*'",
      // A regular expression, where a value may start; else the slash divides.
      "(?<=(?:[=(,:;!&|?{}\\[]|return|=>)\\s*)/(?![/*])(?:\\\\.|\\[(?:\\\\.|[^\\]\\\\])*\\]|[^/\\\\\\n\\[])+/[a-z]*",
      "`(?:\\\\[^]|[^`\\\\])*`",
    ].join("|"),
    "g",
  );
  let at = 0;
  for (const match of source.matchAll(token)) {
    code += source.slice(at, match.index);
    at = match.index + match[0].length;
    const [text] = match;
    if (text.startsWith("/")) code += " ";
    else if (text.startsWith("`")) {
      // Only what is computed in it is code.
      code += [...text.matchAll(/\$\{([^{}]*)\}/g)].map(([, inner]) => ` ${inner} `).join(";");
    } else {
      code += `"${strings.length}"`;
      strings.push(text.slice(1, -1));
    }
  }
  code += source.slice(at);
  const importing =
    /\b(?:from|import|import\s*\(|new\s+URL\s*\(|import\.meta\.resolve\s*\()\s*"(\d+)"/g;
  const specifiers = [...code.matchAll(importing)].map(([, index]) => strings[Number(index)])
    .filter((specifier) =>
      !/^[a-z]+:/.test(specifier) || /^(npm|node|jsr|https?):/.test(specifier)
    );
  return { code, specifiers };
}

/** The TypeScript files under `folder`, relative to `root`. */
function* sources(root: string, folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(`${root}/${folder}`)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(root, path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

/** The faults of the whole tree at `root`. */
export function faultsOfTree(root: string): { files: number; faults: string[] } {
  const files = ["lib", "server", "client", ...OUTSIDE].flatMap((folder) => [
    ...sources(root, folder),
  ]);
  const faults = files.flatMap((path) => faultsOf(path, Deno.readTextFileSync(`${root}/${path}`)));
  return { files: files.length, faults };
}

if (import.meta.main) {
  const { files, faults } = faultsOfTree(".");
  for (const fault of faults) console.error(fault);
  console.log(`${files} files, ${faults.length} faults`);
  Deno.exit(faults.length === 0 ? 0 : 1);
}
