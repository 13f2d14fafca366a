import { rejects } from "node:assert/strict";
import type { Refusal } from "@fusionmeet/base";
import { requireDefaultCamera } from "./source_check.ts";

Deno.test("requireDefaultCamera() says in a sentence that there is no camera, and nothing of one that is there", async () => {
  await rejects(
    requireDefaultCamera("/dev/fusionmeet-none"),
    (refusal: Refusal) =>
      refusal.code === "no-device" &&
      refusal.message === "There is no camera: plug one in, then switch it on again",
  );
  await requireDefaultCamera("/dev/null");
});
