// Debian's Chromium, headless, for tests of what runs in a browser. Where there is none the tests say
// so and are skipped.
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { onTestFinished } from 'vitest';

const executablePath = '/usr/bin/chromium';

/** Why no browser can be had here; undefined where one can. */
export const noChromium = existsSync(executablePath)
  ? undefined
  : `skipped: there is no ${executablePath} here (apt-get install chromium)`;

if (noChromium !== undefined) process.stderr.write(`${noChromium}\n`);

/** Closes with the test. */
export async function openBrowser(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    // In a container there is no sandbox for root, and little shared memory.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  onTestFinished(() => browser.close());
  return browser;
}
