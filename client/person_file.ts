import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Fingerprint, PERSON_BYTES } from "@fusionmeet/protocol";
import { writeFileAtomically } from "@fusionmeet/store";

/** In the data folder: whoever uses it is one person. */
export const PERSON_FILE = "person";
const SECRET_BYTES = 32;

/**
 * What tells a server that somebody is who shared things there before: made from a secret of this data folder, which is made
 * when it is first needed. Each server gets another one, so that none can be somebody at others.
 *
 * @throws what the file system says
 */
export async function personAt(folder: string, fingerprint: Fingerprint): Promise<Uint8Array> {
  const secret = await secretIn(join(folder, PERSON_FILE));
  return new Uint8Array(
    createHash("sha256").update(secret).update(fingerprint).digest().subarray(0, PERSON_BYTES),
  );
}

async function secretIn(path: string): Promise<Uint8Array> {
  const kept = await Deno.readFile(path).catch((thrown) => {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  });
  // One that a crash of the disk has emptied is as good as none.
  if (kept?.length === SECRET_BYTES) return kept;
  const secret = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  await writeFileAtomically(path, secret, { secret: true });
  return secret;
}
