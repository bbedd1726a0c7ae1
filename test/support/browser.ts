// A real browser for tests of the page: Debian's chromium, driven without a window.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { expect } from 'vitest';

const paths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = [process.env['SKYCHAT_CHROMIUM'] ?? '', ...paths].find(existsSync);

/** Whether the tests of the page have to be skipped; says so where they are. */
export const browserAbsent = executablePath === undefined;
if (browserAbsent) {
  process.stderr.write('there is no chromium: the tests of the page in a browser are skipped\n');
}

const flags = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: executablePath ?? '', args: flags });
}

/** A bound on what hangs. */
const patienceMs = 90_000;

/** What a page said that it should not have: errors, and what its policy has refused. */
const complaints = new WeakMap<Page, string[]>();

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
  /** Another tab of the same browser. */
  readonly context?: BrowserContext;
  /** Run in the page before anything of it. */
  readonly before?: () => void;
}

/** A tab of a browser that has never been here, at `path` of the node. */
export async function openPage(
  browser: Browser,
  http: string,
  options: PageOptions = {},
): Promise<Page> {
  const { width = 1200, height = 800, theme = 'light' } = options;
  const context =
    options.context ??
    (await browser.newContext({
      ...{ viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce' },
      ...{ locale: 'en-GB', timezoneId: 'UTC' },
    }));
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs);
  const said: string[] = [];
  complaints.set(page, said);
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('dialog', (dialog) => said.push(`a dialog: ${dialog.message()}`));
  page.on('console', (line) => {
    const isExpected = /Failed to load resource|net::ERR/.test(line.text());
    if (line.type() === 'error' && !isExpected) said.push(line.text());
  });
  if (options.before !== undefined) await page.addInitScript(options.before);
  await page.goto(http);
  return page;
}

export function expectNoComplaints(...pages: readonly Page[]): void {
  for (const page of pages) expect(complaints.get(page)).toEqual([]);
}

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const axeSource = readFileSync(axePath, 'utf8');

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** What axe finds wrong in the page as it is now, one line each. */
export async function violationsIn(page: Page): Promise<string[]> {
  // By the debugger: the page's own policy lets no foreign script in.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate<AxeResult>('axe.run()');
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
  );
}

export function messagesIn(page: Page): Promise<string[]> {
  return page.locator('.scroller .row .text').allInnerTexts();
}

export async function typeMessage(page: Page, text: string): Promise<void> {
  const field = page.locator('main textarea');
  await field.fill(text);
  await field.press('Enter');
}
