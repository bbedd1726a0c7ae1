// Medians and percentiles of what was measured. Knows nothing of units.

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** By nearest rank; NaN of nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** `bytes` random printable bytes of the base64 alphabet: 6 bits in each, so that nothing compresses. */
export function printable(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', 'A');
}
