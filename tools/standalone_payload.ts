/**
 * The payload of an executable that `deno compile` made: what its program will be told (metadata), and the files it
 * will find. Pure: bytes in, contents out.
 *
 * Source: denoland/deno 2.9, cli/rt/binary.rs (`deserialize_binary_data_section`) and cli/lib/standalone/.
 */
import { ByteReader, FormatError } from "./byte_reader.ts";

/** What is in front of a payload and behind it. */
export const MAGIC = "d3n0l4nd";

/** A payload. Files and folders by path, `/` between the names. */
export interface Payload {
  /** As the program will be told: permissions, entry and so on. JSON. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Size of the list of npm packages; 0 where there are none. */
  readonly packageListBytes: number;
  /** Modules that are no files of the payload. */
  readonly specifiers: readonly string[];
  /** Parts of the payload. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Takes a payload apart. @throws FormatError where a program could not, or would not find a file. */
export function parsePayload(bytes: Uint8Array): Payload {
  const reader = new ByteReader(bytes);
  if (reader.text(MAGIC.length) !== MAGIC) throw new FormatError("it does not begin as a payload");
  const metadata = parseJson(reader, "its metadata");
  if (!isRecord(metadata)) throw new FormatError("its metadata is no record");
  const packageListBytes = sized(reader).length;
  const specifiers = readSpecifiers(reader);
  readNone(reader, "redirects");
  readNone(reader, "modules of the network");
  const entries = parseJson(reader, "its list of files");
  const contents = sized(reader);
  if (reader.text(MAGIC.length) !== MAGIC) throw new FormatError("it does not end as a payload");
  if (reader.left > 0) throw new FormatError("it goes on after its end");
  const files = new Map<string, Uint8Array>();
  addEntries(files, { entries, folder: "", contents });
  return { metadata, packageListBytes, specifiers, files };
}

function sized(reader: ByteReader): Uint8Array {
  return reader.bytes(reader.u64());
}

function parseJson(reader: ByteReader, what: string): unknown {
  const text = new TextDecoder().decode(sized(reader));
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new FormatError(`${what} cannot be read`, { cause: thrown });
  }
}

function readSpecifiers(reader: ByteReader): string[] {
  return Array.from({ length: reader.u32() }, () => {
    const specifier = reader.text(reader.u32());
    reader.skip(4);
    return specifier;
  });
}

/** Ours have none of these: all they need is in their files. */
function readNone(reader: ByteReader, what: string): void {
  const count = reader.u32();
  if (count > 0) throw new FormatError(`it has ${count} ${what}`);
}

/** One level of the tree of files: each entry is a record under its kind, its name is `n`. */
interface Level {
  readonly entries: unknown;
  /** "" or the path with `/` behind it. */
  readonly folder: string;
  /** Of all files, one after the other. */
  readonly contents: Uint8Array;
}

function addEntries(files: Map<string, Uint8Array>, { entries, folder, contents }: Level): void {
  if (!Array.isArray(entries)) throw new FormatError("its list of files is none");
  let before = "";
  for (const entry of entries) {
    const [kind, { n: name, e, o }] = kindOf(entry);
    if (typeof name !== "string") throw new FormatError(`/${folder} has an entry without a name`);
    // The program looks for a name by halving: out of order, it is not found.
    if (name <= before) throw new FormatError(`its files are not in order: ${folder}${name}`);
    before = name;
    const path = folder + name;
    if (kind === "Dir") addEntries(files, { entries: e, folder: `${path}/`, contents });
    else if (kind === "File") files.set(path, contentOf(o, { path, contents }));
    else throw new FormatError(`${path} is no file and no folder`);
  }
}

function kindOf(entry: unknown): [kind: string, fields: Readonly<Record<string, unknown>>] {
  const [kind, fields] = Object.entries(isRecord(entry) ? entry : {})[0] ?? [];
  if (kind === undefined || !isRecord(fields)) {
    throw new FormatError("its list of files cannot be read");
  }
  return [kind, fields];
}

/** @param place `[offset, size]` in the contents. */
function contentOf(
  place: unknown,
  { path, contents }: { path: string; contents: Uint8Array },
): Uint8Array {
  const [at, size] = Array.isArray(place) ? place : [];
  if (!Number.isSafeInteger(at) || !Number.isSafeInteger(size) || at < 0 || size < 0) {
    throw new FormatError(`${path} has no place`);
  }
  return new ByteReader(contents, at).bytes(size);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
