// The page in a real browser: how soon it is there, and how soon what is typed in one is read in
// another.
import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { Daemon } from '../support/daemon.ts';
import { below, type Figure } from '../support/figure.ts';
import { median, percentile } from '../support/statistics.ts';
import type { Workspace } from '../support/workspace.ts';

const loads = 15;
const typed = 30;
const stored = 50;
const chromiumPath = '/usr/bin/chromium';
const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];

export const page: Figure = {
  name: 'page',
  title: 'the page in Chromium: opened with 50 messages; typed in one, read in another',
  how: 'by the clock of the page, from the start of the navigation until the newest message is drawn, in a browser without a cache; from Enter at A until the row is in the document at B',
  async run(workspace) {
    if (!existsSync(chromiumPath)) {
      workspace.note(`there is no ${chromiumPath}: the page is not measured`);
      return [];
    }
    const browser = await chromium.launch({ executablePath: chromiumPath, args: flags });
    try {
      const { ready, drawn } = await measureLoads(workspace, browser);
      const seen = await measureTyped(workspace, browser);
      return [
        { what: 'until one can type, median', value: median(ready), unit: 'ms' },
        {
          ...{ what: 'until the newest messages are drawn, median', value: median(drawn) },
          ...{ unit: 'ms', target: below(300) },
        },
        {
          ...{ what: 'typed in one, read in another, median', value: median(seen), unit: 'ms' },
          target: below(200),
        },
        { what: 'typed in one, read in another, 95 %', value: percentile(seen, 95), unit: 'ms' },
      ];
    } finally {
      await browser.close();
    }
  },
};

/** Runs in the page, before anything of it: when the composer and a row with the text are there. */
const watch = (text: string): string => `(() => {
  const seen = (window.seen = {});
  const at = () => performance.timeOrigin + performance.now();
  new MutationObserver(() => {
    if (seen.ready === undefined && document.querySelector('main textarea') !== null) {
      seen.ready = performance.now();
    }
    for (const row of document.querySelectorAll('.row .text')) {
      const { textContent: text } = row;
      if (text === ${JSON.stringify(text)}) seen.drawn ??= performance.now();
      if (text.startsWith('typed ')) seen[text] ??= at();
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
})()`;

interface Loads {
  readonly ready: number[];
  readonly drawn: number[];
}

async function measureLoads(workspace: Workspace, browser: Browser): Promise<Loads> {
  const daemon = await Daemon.start(workspace, workspace.path('page'));
  const newest = `message ${stored - 1}`;
  for (let i = 0; i < stored; i++) await post(daemon, `message ${i}`);
  const times: Loads = { ready: [], drawn: [] };
  for (let i = 0; i < loads; i++) {
    const page = await open(browser, daemon, newest);
    const ready = await valueOf(page, 'seen.ready');
    const drawn = await valueOf(page, 'seen.drawn');
    await page.context().close();
    // The first one warms node and browser up.
    if (i === 0) continue;
    times.ready.push(ready);
    times.drawn.push(drawn);
  }
  await daemon.stop();
  return times;
}

async function measureTyped(workspace: Workspace, browser: Browser): Promise<number[]> {
  const a = await Daemon.start(workspace, workspace.path('page-a'));
  const b = await Daemon.start(workspace, workspace.path('page-b'), '--peers', a.address);
  await a.addPeer(b.address);
  await Promise.all([a.untilInSync(1), b.untilInSync(1)]);
  await post(a, 'the first');
  await b.untilMessages(1);
  const [at, bt] = [await open(browser, a, 'the first'), await open(browser, b, 'the first')];
  const times: number[] = [];
  for (let i = 0; i < typed; i++) {
    await at.locator('main textarea').fill(`typed ${i}`);
    await at.evaluate(`addEventListener('keydown', () => {
      window.enteredAt = performance.timeOrigin + performance.now();
    }, { capture: true, once: true })`);
    await at.locator('main textarea').press('Enter');
    const seenAt = await valueOf(bt, `seen['typed ${i}']`);
    times.push(seenAt - (await valueOf(at, 'window.enteredAt')));
  }
  await Promise.all([a.stop(), b.stop()]);
  return times;
}

async function post(daemon: Daemon, text: string): Promise<void> {
  await daemon.http.json('POST', '/messages', JSON.stringify({ text }));
}

/** In a browser that has never been here. */
async function open(browser: Browser, daemon: Daemon, text: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(watch(text));
  await page.goto(`http://${daemon.host}:${daemon.port}/`, { waitUntil: 'commit' });
  await page.locator('.row .text', { hasText: text }).waitFor();
  return page;
}

/** By the debugger, since the page's own policy evaluates nothing. */
async function valueOf(page: Page, expression: string): Promise<number> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const value = await page.evaluate<number | undefined>(expression);
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`${expression} never came`);
    await page.waitForTimeout(20);
  }
}
