// To be imported by the scripts of bench/children: a child whose parent has died ends as well.
import type { Socket } from 'node:net';

const input = process.stdin as unknown as Socket;
input.once('close', () => process.exit(1));
input.resume();
input.unref();
