// Arguments that several tools take, each with its bounds and the words that explain it to a model.
import * as z from 'zod';
import { pageMessagesDefault, pageMessagesMax } from './limits.ts';

const hex64 = /^[0-9a-fA-F]{64}$/;

export const messageId = z
  .string()
  .regex(hex64, 'an id has 64 hex characters')
  .transform((id) => id.toLowerCase());

export const publicKey = z
  .string()
  .regex(hex64, 'a public key has 64 hex characters')
  .transform((key) => key.toLowerCase());

export const groupName = z
  .string()
  .min(1)
  .max(256)
  .describe('Id or name of a group, as in groups. The id is the safer one.');

export const cursor = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'a cursor is what an earlier answer gave as cursor, 0 or now');

export const limit = z
  .number()
  .int()
  .min(1)
  .max(pageMessagesMax)
  .default(pageMessagesDefault)
  .describe('Messages at most; long texts can make an answer shorter, and more is true then.');

export const since = z
  .string()
  .max(64)
  .describe('Only from then on: 10m, 2h or 7d ago, or a time such as 2026-11-22T05:10:00Z.');
