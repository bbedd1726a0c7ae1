#!/usr/bin/env node
// The entry of the command `skychat-node`.
import { main } from './cli/main.ts';

await main();
