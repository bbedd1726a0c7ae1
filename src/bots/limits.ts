// Bounds of what programs are given, each with its reason.

export const botLimits = {
  /** Each is a program that somebody looks after; more are made by a script gone wild. */
  tokensMax: 1000,
  hooksMax: 1000,
  /** 256 bits: no guessing comes near, so that a fast hash keeps them as well as a slow one. */
  secretBytes: 32,
  /** Tells tokens apart; it is no secret. */
  idBytes: 8,
} as const;
