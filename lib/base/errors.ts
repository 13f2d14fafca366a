/** A peer broke the protocol; the connection that threw it ends. `code` goes over the wire, the message to the log and the peer. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  constructor(readonly code: string, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** A fair request we decline; the peer is told `code` and the sentence, and goes on. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  constructor(readonly code: string, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Our own mistake: an invariant in words that did not hold. */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

/** @throws AssertionFailure when `held` is falsy. */
export function assert(held: unknown, invariant: string): asserts held {
  if (!held) throw new AssertionFailure(invariant);
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
