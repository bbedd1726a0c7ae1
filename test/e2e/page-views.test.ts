// The page in a real browser with more, with worse, and with less than usual: very many messages,
// hostile ones, a phone, and no mouse.
import { once } from 'node:events';
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { GroupView, MessageView } from '../../src/chat/view.ts';
import {
  browserAbsent,
  expectNoComplaints,
  messagesIn,
  openBrowser,
  openPage,
  typeMessage,
} from '../support/browser.ts';
import { hostileTexts } from '../support/hostile-texts.ts';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace();

const many = 100_000;

/** A bound on what hangs: the whole history comes over the loopback address. */
const slowMs = 180_000;

/** A long history as the node would show it; times go up by a second. */
function messageAt(group: string, i: number): MessageView {
  const digits = i.toString(16).padStart(8, '0');
  return {
    ...{ id: digits.repeat(8), cursor: '0000000000000000', group, author: 'ab'.repeat(32) },
    ...{ name: 'writer', seq: i + 1, index: 0, kind: 'text', reply_to: null, replies: 0 },
    time: new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString(),
    text: i % 7 === 0 ? `line ${i}\nof several\nlines` : `line ${i} `.repeat(1 + (i % 30)),
    ...{ edited: false, deleted: false, hidden: false, pinned: false, priority: null, ack: null },
    ...{ reactions: {}, mentions: [], mine: false, delivery: { stored: [], members: 2 } },
  };
}

/** The node with a long history before it: everything but pages of messages is its own. */
class LongHistory {
  readonly #server: Server;
  readonly #node: Daemon;
  readonly #group: string;
  isOn = true;
  /** The message that every search finds. */
  found = 0;
  /** Messages that were given out. */
  given = 0;

  private constructor(node: Daemon, group: string) {
    this.#node = node;
    this.#group = group;
    this.#server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
      if (pathname === '/messages' && request.method === 'GET' && this.isOn) {
        response.setHeader('content-type', 'application/json').end(this.#page(searchParams));
      } else this.#pass(request, response);
    });
  }

  static async open(node: Daemon): Promise<LongHistory> {
    const history = new LongHistory(node, (await roomOf(node)).id);
    history.#server.listen(0, '127.0.0.1');
    await once(history.#server, 'listening');
    onTestFinished(() => {
      history.#server.closeAllConnections();
      history.#server.close();
    });
    return history;
  }

  get http(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  idOf(i: number): string {
    return messageAt(this.#group, i).id;
  }

  #page(query: URLSearchParams): string {
    const isSearch = query.has('q');
    const [before, from] = ['before', 'from'].map((name) => {
      const place = query.get(name);
      return place === null ? undefined : Number.parseInt(place.slice(0, 8), 16);
    });
    const limit = Number(query.get('limit'));
    const end = from === undefined ? (before ?? many) : Math.min(many, from + limit);
    const start = from ?? Math.max(0, end - limit);
    const count = isSearch ? 1 : end - start;
    const first = isSearch ? this.found : start;
    const messages = Array.from({ length: count }, (_, i) => messageAt(this.#group, first + i));
    this.given += count;
    const isMore = from === undefined ? start > 0 : end < many;
    const rest = { complete: true, searched_from: null, next: '0000000000000000' };
    return JSON.stringify({ messages, more: !isSearch && isMore, ...rest });
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { method, headers, url = '/' } = request;
    const outgoing = forward(this.#node.http + url, { method, headers }, (incoming) => {
      response.writeHead(incoming.statusCode ?? 500, incoming.headers);
      incoming.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    response.on('close', () => outgoing.destroy());
    request.pipe(outgoing);
  }
}

async function roomOf(node: Daemon): Promise<GroupView> {
  const { groups } = await node.get<{ groups: GroupView[] }>('/groups');
  const [room] = groups;
  if (room === undefined) throw new Error('there is no room');
  return room;
}

describe.skipIf(browserAbsent)('the page in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  test(
    'of 100,000 messages only those in view are drawn, at either end and on the way',
    { timeout: slowMs },
    async () => {
      const node = await Daemon.start(workspace, 'many', { flags: ['--name', 'many'] });
      const history = await LongHistory.open(node);
      const page = await openPage(browser, history.http);
      await page.locator('.row').first().waitFor();
      const rows = (): Promise<number> => page.locator('.row').count();
      expect(await rows()).toBeLessThanOrEqual(160);
      await page.getByRole('button', { name: 'Search (Ctrl K)' }).click();
      await page.getByLabel('Search for').fill('first');
      const start = performance.now();
      await page.locator('.card').click();
      await page.locator(`#m-${history.idOf(0)}`).waitFor({ timeout: slowMs });
      const loadMs = performance.now() - start;
      expect(await rows()).toBeLessThanOrEqual(160);
      // What a reader does: wheel through it, each time the frame is drawn.
      const frames = await page.evaluate<number[]>(`(async () => {
      const list = document.querySelector('.timeline .scroller');
      const times = [];
      for (let i = 0; i < 60; i++) {
        const start = performance.now();
        list.scrollTop += 900;
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b);
    })()`);
      expect(await rows()).toBeLessThanOrEqual(160);
      process.stderr.write(
        `100,000 messages: loaded to the first in ${(loadMs / 1000).toFixed(1)} s; ` +
          `a page of scrolling takes ${(frames[30] ?? 0).toFixed(0)} ms, at most ${(frames.at(-1) ?? 0).toFixed(0)} ms\n`,
      );
      await page
        .getByRole('button', { name: /new|Newest/i })
        .last()
        .click();
      await node.post('the newest of all');
      await page.locator('.row .text', { hasText: 'the newest of all' }).waitFor();
      await page
        .locator('.row .text', { hasText: `line ${many - 1}` })
        .first()
        .waitFor();
      expect(await rows()).toBeLessThanOrEqual(160);
      expectNoComplaints(page);
    },
  );

  test('a message far back is shown with what is around it alone, and the reader comes down from there', async () => {
    const node = await Daemon.start(workspace, 'far', { flags: ['--name', 'far'] });
    const history = await LongHistory.open(node);
    const page = await openPage(browser, history.http);
    const line = (i: number) => page.locator(`#m-${history.idOf(i)}`);
    await line(many - 1).waitFor();
    await page.getByRole('button', { name: 'Search (Ctrl K)' }).click();
    await page.getByLabel('Search for').fill('far');
    history.found = 50_000;
    const before = history.given;
    await page.locator('.card').click();
    await line(50_000).waitFor();
    await line(49_999).waitFor();
    await line(50_001).waitFor();
    expect(history.given - before).toBeLessThan(1000);

    // What comes meanwhile is not put behind what is shown.
    await node.post('said meanwhile');
    await page.locator('.to-end').waitFor();
    const seen = await page.evaluate<number[]>(`(async () => {
      const list = document.querySelector('.timeline .scroller');
      const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      const seen = new Set();
      while (seen.size < 600) {
        list.scrollTop += 500;
        await frame();
        for (const row of list.querySelectorAll('article')) {
          seen.add(Number.parseInt(row.id.slice(2, 10), 16));
        }
      }
      return [...seen].sort((a, b) => a - b);
    })()`);
    const [first = 0] = seen;
    expect(first).toBeLessThanOrEqual(50_000);
    expect(seen).toEqual(seen.map((_, i) => first + i));
    expect(await page.locator('.row').count()).toBeLessThanOrEqual(160);

    // And up again, beyond where the jump began.
    const above = await page.evaluate<number>(`(async () => {
      const list = document.querySelector('.timeline .scroller');
      const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      for (;;) {
        list.scrollTop -= 900;
        await frame();
        const row = list.querySelector('article');
        const place = Number.parseInt(row.id.slice(2, 10), 16);
        if (place < 49_800) return place;
      }
    })()`);
    expect(above).toBeGreaterThan(49_000);

    expect(await page.locator('.text', { hasText: 'said meanwhile' }).count()).toBe(0);
    await page.locator('.to-end').click();
    await page.locator('.row .text', { hasText: 'said meanwhile' }).waitFor();
    await line(many - 1).waitFor();
    expect(await page.locator('.to-end').count()).toBe(0);
    expect(history.given - before).toBeLessThan(5000);
    // The end is one to stay at again.
    await node.post('the newest of all');
    await page.locator('.row .text', { hasText: 'the newest of all' }).waitFor();
    expectNoComplaints(page);
  });

  test('what is looked at stays in its place while older messages come in above it', async () => {
    const node = await Daemon.start(workspace, 'anchor', {});
    const history = await LongHistory.open(node);
    const page = await openPage(browser, history.http);
    await page.locator('.row').first().waitFor();
    const moves = await page.evaluate<number[]>(`(async () => {
      const list = document.querySelector('.timeline .scroller');
      const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      const moves = [];
      for (let i = 0; i < 25; i++) {
        list.scrollTop -= 600;
        await frame();
        const rows = [...list.querySelectorAll('article')];
        const seen = rows.find((row) => row.getBoundingClientRect().top > 200);
        const { id } = seen;
        const top = seen.getBoundingClientRect().top;
        for (let n = 0; n < 4; n++) await frame();
        moves.push(Math.abs(document.getElementById(id).getBoundingClientRect().top - top));
      }
      return moves;
    })()`);
    expect(Math.max(...moves)).toBeLessThan(2);
  });

  test('nothing that a message, a name or a topic says is more than text', async () => {
    const node = await Daemon.start(workspace, 'hostile', {
      flags: ['--name', '<img src=x onerror=hacked=1>'],
    });
    const made = await node.ask<GroupView>('POST', '/groups', {
      json: { name: '<svg onload=hacked=1>', encrypted: false },
    });
    const group = made.body.id;
    const topic = '"><script>hacked=1</script>';
    expect((await node.ask('PATCH', `/groups/${group}`, { json: { topic } })).status).toBe(200);
    for (const text of hostileTexts) {
      const { status } = await node.ask('POST', '/messages', { json: { group, text } });
      expect([text, status]).toEqual([text, 201]);
    }
    // High enough to draw all of them at once.
    const page = await openPage(browser, `${node.http}/#/g/${group}`, { height: 16_000 });
    await page.locator('main').getByText(topic).waitFor();
    await page
      .locator('.row .text')
      .nth(hostileTexts.length - 1)
      .waitFor();
    const shown = await messagesIn(page);
    expect(shown.length).toBe(hostileTexts.length);
    for (const part of [
      '<script>',
      'javascript:',
      'onerror',
      'U+202E',
      'U+001B',
      'data:text/html',
    ]) {
      expect(
        shown.some((text) => text.includes(part)),
        part,
      ).toBe(true);
    }
    const tags = await page.evaluate<string[]>(
      `[...new Set([...document.querySelectorAll('.text *')].map((each) => each.tagName))]`,
    );
    const own = ['A', 'B', 'BDI', 'BLOCKQUOTE', 'BUTTON', 'CODE', 'PRE', 'SPAN', 'STRONG'];
    expect(tags.filter((tag) => !own.includes(tag))).toEqual([]);
    const links = await page.evaluate<{ href: string; rel: string }[]>(
      `[...document.querySelectorAll('.text a')].map(({ href, rel }) => ({ href, rel }))`,
    );
    for (const { href, rel } of links) {
      expect(href).toMatch(/^https?:/);
      expect(rel).toBe('noopener noreferrer');
    }
    expect(await page.evaluate('typeof hacked')).toBe('undefined');
    expect(await page.evaluate('document.title')).toContain('<svg onload');
    expectNoComplaints(page);
  });

  test('a phone shows the list or the conversation, and nothing wider than itself', async () => {
    const node = await Daemon.start(workspace, 'phone', { flags: ['--name', 'phone'] });
    await node.post(`a long word: ${'x'.repeat(300)}\n\`\`\`\n${'wide '.repeat(80)}\n\`\`\``);
    const page = await openPage(browser, node.http, { width: 360, height: 740 });
    const isNarrow = (): Promise<boolean> =>
      page.evaluate('document.documentElement.scrollWidth <= innerWidth');
    await page.locator('.group').first().waitFor();
    expect(await page.locator('main textarea').isVisible()).toBe(false);
    expect(await isNarrow()).toBe(true);
    await page.locator('.group').first().click();
    await page.locator('.row .text').first().waitFor();
    expect(await page.locator('.sidebar').isVisible()).toBe(false);
    expect(await isNarrow()).toBe(true);
    await typeMessage(page, 'from a phone');
    await page.locator('.row .text', { hasText: 'from a phone' }).waitFor();
    await page.getByRole('button', { name: 'Members' }).click();
    expect(await isNarrow()).toBe(true);
    await page.getByRole('button', { name: 'Close (Esc)' }).click();
    await node.kill();
    await page.locator('main .link-sign.away').waitFor();
    expect(await isNarrow()).toBe(true);
    await page.getByRole('button', { name: 'All conversations' }).click();
    await page.locator('.group').first().waitFor();
    expectNoComplaints(page);
  });

  test('without a mouse one writes, answers, reacts, edits and deletes', async () => {
    const node = await Daemon.start(workspace, 'keys', { flags: ['--name', 'keys'] });
    await node.post('first');
    await node.post('second');
    const page = await openPage(browser, node.http);
    const { keyboard } = page;
    await page.locator('.row .text', { hasText: 'second' }).waitFor();
    await page.locator('.timeline .scroller').focus();
    await keyboard.press('ArrowUp');
    await page.locator('article:focus', { hasText: 'second' }).waitFor();
    await keyboard.press('ArrowUp');
    await page.locator('article:focus', { hasText: 'first' }).waitFor();
    await keyboard.press('+');
    await page.locator('.tools.open button:focus').waitFor();
    await keyboard.press('Enter');
    await page.locator('.reaction', { hasText: '👍' }).waitFor();
    await page.locator('article:focus', { hasText: 'first' }).waitFor();
    await keyboard.press('r');
    await page.locator('main textarea:focus').waitFor();
    await keyboard.type('an answer');
    await keyboard.press('Enter');
    await page.locator('.answered').waitFor();
    // All before the browser draws once: nobody types too fast for the page.
    await page.evaluate(`(async () => {
      const field = document.activeElement;
      const press = (key) => field.dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }),
      );
      press('ArrowUp');
      for (let i = 0; i < 10; i++) await null;
      document.execCommand('insertText', false, ', corrected');
      for (let i = 0; i < 10; i++) await null;
      press('Enter');
    })()`);
    await page.locator('.row .text', { hasText: 'an answer, corrected' }).waitFor();
    await page.locator('.timeline .scroller').focus();
    await keyboard.press('ArrowDown');
    await page.locator('article:focus', { hasText: 'second' }).waitFor();
    await keyboard.press('ArrowDown');
    await page.locator('article:focus', { hasText: 'an answer' }).waitFor();
    await keyboard.press('Delete');
    await page.locator('button:focus', { hasText: 'Delete' }).waitFor();
    await keyboard.press('Enter');
    await page.getByText('This message was deleted.').waitFor();
    await keyboard.press('Escape');
    await page.locator('main textarea:focus').waitFor();
    await keyboard.press('Control+k');
    await page.locator('.search input:focus').waitFor();
    await keyboard.type('second');
    await page.locator('.card mark').waitFor();
    await keyboard.press('Escape');
    await page.locator('.timeline .scroller').focus();
    await keyboard.press('?');
    await page.getByRole('heading', { name: 'Keys' }).waitFor();
    await keyboard.press('Escape');
    // Every step of the tabulator is seen.
    for (let i = 0; i < 12; i++) {
      await keyboard.press('Tab');
      const outline = await page.evaluate<string>(
        `(() => { const e = document.activeElement; const s = getComputedStyle(e); return e === document.body || e.matches('textarea') ? 'seen' : s.outlineStyle; })()`,
      );
      expect(outline).not.toBe('none');
    }
    expectNoComplaints(page);
  });

  test('the page can be used soon after it was asked for', async () => {
    const node = await Daemon.start(workspace, 'soon', { flags: ['--name', 'soon'] });
    for (let i = 0; i < 50; i++) await node.post(`message ${i}`);
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      const page = await openPage(browser, 'about:blank');
      const start = performance.now();
      await page.goto(node.http, { waitUntil: 'commit' });
      await page.locator('main textarea').waitFor();
      await page.locator('.row .text', { hasText: 'message 49' }).waitFor();
      times.push(performance.now() - start);
      await page.context().close();
    }
    times.sort((a, b) => a - b);
    process.stderr.write(
      `from the address to the first messages: median ${(times[1] ?? 0).toFixed(0)} ms\n`,
    );
    expect(times).toHaveLength(3);
  });
});
