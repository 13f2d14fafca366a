/**
 * The seed a test draws everything from: a new one in every run, said on stderr so that a failure can be repeated with
 * `FUSIONMEET_SEED=N deno task test FILE`.
 */
export function testSeed(what: string): number {
  const given = Deno.env.get("FUSIONMEET_SEED");
  const seed = given ? Number(given) : crypto.getRandomValues(new Uint32Array(1))[0];
  console.error(`${what}: FUSIONMEET_SEED=${seed}`);
  return seed;
}
