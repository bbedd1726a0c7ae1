// Base32 (RFC 4648, section 6) without padding, in upper case: every character is one of those that
// a QR code holds in five and a half bits. Knows nothing of what the bytes mean.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export function toBase32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >> (bits - 5)) & 31] ?? '';
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + (alphabet[(held << (5 - bits)) & 31] ?? '');
}

/**
 * Either case. Undefined where another character is in it, or where it is not what `toBase32` writes:
 * a length that no bytes have, or bits behind the last byte.
 */
export function parseBase32(text: string): Uint8Array | undefined {
  // Before the change of case, by which other letters become some of these.
  if (!/^[A-Za-z2-7]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const character of text.toUpperCase()) {
    held = (held << 5) | alphabet.indexOf(character);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = held >> bits;
    held &= (1 << bits) - 1;
  }
  return held === 0 && bits < 5 ? bytes : undefined;
}
