// Membership in the prime-order subgroup of edwards25519, by one X25519 of OpenSSL instead of a
// multiplication in BigInt. Knows nothing of keys; where a point comes from is its caller's.
import { createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { equalBytes, numberToBytesLE } from '@noble/curves/utils.js';

const { Fn, Fp } = ed25519.Point;
type Point = InstanceType<typeof ed25519.Point>;

/**
 * k ≡ 0 (mod 8) and k ≡ −1 (mod L): 2^254 + 2^252 + …, of the form that X25519 forces on a scalar
 * (RFC 7748, section 5: bits 0–2 clear, 254 set, 255 clear), so that it is used as it is. The
 * number below 8·L with k ≡ 1 lies below 2^254 and would be changed.
 */
const scalar = 8n * (Fn.ORDER - Fn.inv(8n));

const scalarKey = createPrivateKey({
  // Node reads `d` alone, but demands that `x` is a string.
  key: { kty: 'OKP', crv: 'X25519', d: base64url(numberToBytesLE(scalar, 32)), x: '' },
  format: 'jwk',
});

/**
 * Whether L·P is the identity and P is not: the verdict of noble's `!is0() && isTorsionFree()`.
 *
 * The curve's group is cyclic of order 8·L (RFC 8032, section 5.1), so P = Q + T with L·Q = 0 and
 * 8·T = 0 in just one way, and k·P = −Q. X25519 takes u(P) to u(k·P) (RFC 7748, sections 4.1 and
 * 5), and u(A) = u(B) only where A = ±B. Its answer is u(P), then, iff −Q = −P, which is T = 0, or
 * −Q = P, which is T = −2·Q and hence Q = T = 0, as no other point is in both subgroups.
 *
 * Where Q = 0, P is of small order and OpenSSL would refuse the all-zero answer; elsewhere −Q has
 * the order L and u ≠ 0, so that a throw is never a verdict.
 */
export function isOfPrimeOrder(point: Point): boolean {
  if (point.isSmallOrder()) return false;
  const { y } = point;
  const u = Fp.toBytes(Fp.div(Fp.add(Fp.ONE, y), Fp.sub(Fp.ONE, y)));
  // By JWK, as OpenSSL's import of DER costs more than the multiplication.
  const jwk = { kty: 'OKP', crv: 'X25519', x: base64url(u) };
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
  return equalBytes(diffieHellman({ privateKey: scalarKey, publicKey }), u);
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
