/** Configurations from here on are CELT, which has no in-band redundancy. Source: RFC 6716 section 3.1. */
const CELT_CONFIG = 16;
/** One 20 ms SILK frame: the bit after its voice activity flag. Source: RFC 6716 section 4.2.3. */
const LBRR_FLAG = 0x40;

/** Whether an Opus packet of one 20 ms mono frame carries the frame before it once more (LBRR). */
export function carriesRedundancy(payload: Uint8Array): boolean {
  const oneFrame = (payload[0] & 0x03) === 0;
  return payload.length > 1 && oneFrame && payload[0] >> 3 < CELT_CONFIG &&
    (payload[1] & LBRR_FLAG) !== 0;
}
