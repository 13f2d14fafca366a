import { ProtocolError } from "@fusionmeet/base";

/** How one field of a control message is checked. `read` gives the value or throws `ProtocolError` naming `path`. */
export interface Field<T> {
  readonly optional: boolean;
  /** For docs/PROTOCOL.md: the type in words, with its bounds. */
  readonly describe: string;
  read(value: unknown, path: string): T;
}

/** The fields of one message by name. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly optional: true } ? K : never;
}[keyof F];

/** The values a message with these fields carries. */
export type ValuesOf<F extends Fields> =
  & { [K in Exclude<keyof F, OptionalKeys<F>>]: F[K] extends Field<infer T> ? T : never }
  & { [K in OptionalKeys<F>]?: F[K] extends Field<infer T> ? Exclude<T, undefined> : never };

interface Required<T> extends Field<T> {
  readonly optional: false;
}
interface Optional<T> extends Field<T | undefined> {
  readonly optional: true;
}

function field<T>(describe: string, read: (value: unknown, path: string) => T): Required<T> {
  return { optional: false, describe, read };
}

function bad(path: string, state: string): never {
  throw new ProtocolError("bad-field", `Cannot read ${path}: ${state}`);
}

/** A whole number from `min` to `max`, at most 2^53-1. */
export function integer(min: number, max: number): Required<number> {
  return named(`integer ${min}..${max}`, min, max);
}

function named(describe: string, min: number, max: number): Required<number> {
  return field(describe, (value, path) => {
    if (typeof value !== "number" || !Number.isInteger(value)) bad(path, "not a whole number");
    if (value < min || value > max) bad(path, `${value} is not in ${min}..${max}`);
    return value;
  });
}

/** 0..255 */
export const u8 = (): Required<number> => named("u8", 0, 0xff);
/** 0..65 535 */
export const u16 = (): Required<number> => named("u16", 0, 0xffff);
/** 0..2^32-1 */
export const u32 = (): Required<number> => named("u32", 0, 0xffff_ffff);
/** 0..2^53-1 */
export const u53 = (): Required<number> => named("u53", 0, Number.MAX_SAFE_INTEGER);

/** Any finite number. */
export function float(): Required<number> {
  return field("finite number", (value, path) => {
    if (typeof value !== "number" || !Number.isFinite(value)) bad(path, "not a finite number");
    return value;
  });
}

/** A time that a `Date` can be, epoch ms. Source: ECMA-262, "Time Values and Time Range". */
export function time(): Required<number> {
  return field("epoch ms", (value, path) => {
    if (typeof value !== "number" || !(Math.abs(value) <= 8.64e15)) bad(path, "not a time");
    return value;
  });
}

export function flag(): Required<boolean> {
  return field(
    "boolean",
    (value, path) => typeof value === "boolean" ? value : bad(path, "not a boolean"),
  );
}

/** Text of at most `lengthMax` UTF-16 code units without half surrogate pairs. */
export function text(lengthMax: number): Required<string> {
  return field(`text <= ${lengthMax}`, (value, path) => {
    if (typeof value !== "string") bad(path, "not text");
    if (value.length > lengthMax) bad(path, `over ${lengthMax} characters`);
    if (!value.isWellFormed()) bad(path, "not well-formed text");
    return value;
  });
}

/** The same, of which `show` makes what people are shown. */
export function shown(lengthMax: number, show: (said: string) => string): Required<string> {
  const said = text(lengthMax);
  return field(said.describe, (value, path) => show(said.read(value, path)));
}

/** 1 to `lengthMax` printable ASCII characters without spaces: what programs call things among themselves. */
export function token(lengthMax: number): Required<string> {
  return field(`token 1..${lengthMax}`, (value, path) => {
    if (typeof value !== "string") bad(path, "not text");
    if (value.length > lengthMax) bad(path, `over ${lengthMax} characters`);
    if (!/^[!-~]+$/.test(value)) bad(path, "not printable ASCII");
    return value;
  });
}

/** From `sizeMin` to `sizeMax` bytes. */
export function bytes(sizeMin: number, sizeMax = sizeMin): Required<Uint8Array> {
  return field(
    sizeMin === sizeMax ? `${sizeMin} bytes` : `${sizeMin}..${sizeMax} bytes`,
    (value, path) => {
      if (!(value instanceof Uint8Array)) bad(path, "not bytes");
      if (value.length < sizeMin || value.length > sizeMax) {
        bad(path, `${value.length} bytes, not ${sizeMin}..${sizeMax}`);
      }
      return value;
    },
  );
}

/** One of the given words. */
export function oneOf<const W extends readonly string[]>(...words: W): Required<W[number]> {
  return field(words.join(" | "), (value, path) => {
    if (typeof value !== "string" || !words.includes(value)) {
      bad(path, `not one of ${words.join(", ")}`);
    }
    return value as W[number];
  });
}

/** A list of at most `countMax` of the same. */
export function list<T>(of: Field<T>, countMax: number): Required<T[]> {
  return field(`list <= ${countMax} of ${of.describe}`, (value, path) => {
    if (!Array.isArray(value)) bad(path, "not a list");
    if (value.length > countMax) bad(path, `over ${countMax} entries`);
    return value.map((entry, index) => of.read(entry, `${path}[${index}]`));
  });
}

/** A map with these fields; unknown ones are ignored. */
export function record<F extends Fields>(fields: F): Required<ValuesOf<F>> {
  const words = Object.entries(fields).map(([name, { optional, describe }]) =>
    `${name}${optional ? "?" : ""}: ${describe}`
  );
  return field(`{ ${words.join(", ")} }`, (value, path) => readFields(fields, value, path));
}

/** The same, or absent (also nil). New fields are always optional: version skew both ways is tested. */
export function optional<T>(inner: Field<T>): Optional<T> {
  return {
    optional: true,
    describe: inner.describe,
    read: (value, path) =>
      value === undefined || value === null ? undefined : inner.read(value, path),
  };
}

/** Reads the known fields of a map; unknown ones are ignored. @throws ProtocolError naming the field. */
export function readFields<F extends Fields>(fields: F, value: unknown, path: string): ValuesOf<F> {
  if (
    typeof value !== "object" || value === null || Array.isArray(value) ||
    value instanceof Uint8Array
  ) {
    bad(path, "not a map");
  }
  const values: Record<string, unknown> = {};
  for (const [name, each] of Object.entries(fields)) {
    const present = Object.hasOwn(value, name)
      ? (value as Record<string, unknown>)[name]
      : undefined;
    if (present === undefined && !each.optional) bad(`${path}.${name}`, "missing");
    const read = each.read(present, `${path}.${name}`);
    if (read !== undefined) values[name] = read;
  }
  return values as ValuesOf<F>;
}
