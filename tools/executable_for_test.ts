/** Executables of a few hundred bytes, as `deno compile` would make them of a Deno that is nearly nothing. */
import { concatBytes } from "@fusionmeet/base";
import { MAGIC } from "./standalone_payload.ts";

/** An entry of the list of files. */
export type Entry = Readonly<Record<string, unknown>>;

/** The parts of a payload, in their order. */
export interface PayloadParts {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly packageList: Uint8Array;
  readonly specifiers: readonly string[];
  readonly remoteModuleCount: number;
  readonly entries: readonly Entry[];
  readonly contents: Uint8Array;
}

/** What `deno compile` says of a program that may do `permissions`. */
export function metadataOf(
  { entry, permissions, features }: { entry: string; permissions: string[]; features: string[] },
): Record<string, unknown> {
  const granted = permissions.map((name) => [`allow_${name}`, []]);
  return {
    argv: [],
    permissions: {
      ...{ allow_env: null, deny_env: null, allow_ffi: null, deny_read: null, allow_run: null },
      ...Object.fromEntries(granted),
      ...{ allow_import: ["jsr.io:443"], deny_import: [], prompt: false },
    },
    env_vars_from_env_file: {},
    workspace_resolver: { import_map: null, jsr_pkgs: [], package_jsons: {} },
    entrypoint_key: entry,
    node_modules: null,
    unstable_config: { features },
  };
}

/** The parts of a payload with those files. */
export function payloadParts(
  metadata: PayloadParts["metadata"],
  files: ReadonlyMap<string, Uint8Array>,
): PayloadParts {
  const contents = concatBytes(...files.values());
  let at = 0;
  const places = [...files].map(([path, bytes]) => {
    const place = { path: path.split("/"), o: [at, bytes.length] };
    at += bytes.length;
    return place;
  });
  const nothing = { packageList: new Uint8Array(), specifiers: [], remoteModuleCount: 0 };
  return { metadata, ...nothing, entries: entriesOf(places), contents };
}

function entriesOf(places: readonly { path: string[]; o: number[] }[]): Entry[] {
  const names = [...new Set(places.map(({ path }) => path[0]))].sort();
  return names.map((n) => {
    const here = places.filter(({ path }) => path[0] === n);
    if (here[0].path.length === 1) return { File: { n, o: here[0].o } };
    return { Dir: { n, e: entriesOf(here.map(({ path, o }) => ({ path: path.slice(1), o }))) } };
  });
}

/** A payload as `deno compile` writes it. */
export function payloadBytes(parts: PayloadParts): Uint8Array {
  const specifiers = parts.specifiers.flatMap((each, id) => [
    ...[u32(each.length), utf8(each), u32(id)],
  ]);
  return concatBytes(
    utf8(MAGIC),
    ...sized(utf8(JSON.stringify(parts.metadata))),
    ...sized(parts.packageList),
    ...[u32(parts.specifiers.length), ...specifiers],
    ...[u32(0), u32(parts.remoteModuleCount)],
    ...sized(utf8(JSON.stringify(parts.entries))),
    ...sized(parts.contents),
    utf8(MAGIC),
  );
}

/** For Linux on x86-64, unless said. @param machine as ELF counts processors. */
export function elfFile(payload: Uint8Array, machine = 62): Uint8Array {
  const name = utf8("d3n0l4nd");
  const note = concatBytes(u16(name.length), name, payload);
  const notes = concatBytes(
    ...[u32(4), u32(4), u32(1), utf8("GNU\0"), u32(0)],
    ...[u32(4), u32(note.length), u32(0x53554901), utf8("SUI\0"), note],
  );
  return concatBytes(
    ...[utf8("\x7fELF"), new Uint8Array(14), u16(machine), new Uint8Array(12)],
    ...[u64(64), new Uint8Array(14), u16(56), u16(1), new Uint8Array(6)],
    // The one segment: notes, behind it.
    ...[u32(4), u32(0), u64(120), u64(0), u64(0), u64(notes.length), new Uint8Array(16)],
    notes,
  );
}

/** For macOS on Apple's processors. */
export function machOFile(payload: Uint8Array): Uint8Array {
  const size = 72 + 80;
  const at = 32 + size;
  return concatBytes(
    ...[u32(0xfeedfacf), u32(0x0100_000c), u32(0), u32(2), u32(1), u32(size), u64(0)],
    ...[u32(0x19), u32(size), field("__SUI", 16), u64(0), u64(0)],
    ...[u64(at), u64(payload.length), u64(0), u32(1), u32(0)],
    ...[field("d3n0l4nd", 16), field("__SUI", 16), u64(0), u64(payload.length)],
    ...[u32(at), new Uint8Array(28), payload],
  );
}

/** For macOS on Intel's processors. */
export function intelMacFile(payload: Uint8Array): Uint8Array {
  const header = [u32(0xfeedfacf), u32(0x0100_0007), new Uint8Array(24)];
  const sentinel = [utf8("<~sui-data~>"), u32(0xdeadbeef)];
  return concatBytes(...header, ...sentinel, u64(payload.length), payload);
}

function sized(bytes: Uint8Array): Uint8Array[] {
  return [u64(bytes.length), bytes];
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function field(text: string, size: number): Uint8Array {
  return concatBytes(utf8(text), new Uint8Array(size - text.length));
}

function u16(value: number): Uint8Array {
  return new Uint8Array(new Uint16Array([value]).buffer);
}

function u32(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

function u64(value: number): Uint8Array {
  return new Uint8Array(new BigUint64Array([BigInt(value)]).buffer);
}
