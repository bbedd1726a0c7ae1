// Search, as the node does it: words, "a phrase", -without, from:name, before: and after:.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { MessageView, SearchPage } from '../../chat/view.ts';
import { after } from '../env.ts';
import { fullTime } from '../model/times.ts';
import { get, wordsOf } from '../state/http.ts';
import { findGroup } from '../state/node.ts';
import { openId } from '../state/ui.ts';
import { MessageCard } from './message-card.tsx';
import { PanelFrame } from './panel-frame.tsx';
import { oneLine } from '../model/visible.ts';

interface Found {
  readonly messages: readonly MessageView[];
  readonly more: boolean;
  readonly searchedFrom: string | null;
  readonly failure: string | null;
}

const pauseMs = 180;
const pageResults = 30;

/** The words themselves, for marking. */
function plainWords(line: string): string[] {
  const parts = [...line.matchAll(/(-?)(?:(\w+):)?(?:"([^"]*)"|(\S+))/g)];
  return parts.flatMap(([, minus, operator, phrase, word]) =>
    minus === '' && operator === undefined ? [phrase ?? word ?? ''] : [],
  );
}

async function fetchFound(
  line: string,
  group: string | null,
  before?: string,
): Promise<SearchPage> {
  const query = new URLSearchParams({ q: line, limit: String(pageResults), wait: '2' });
  if (group !== null) query.set('group', group);
  if (before !== undefined) query.set('before', before);
  return get<SearchPage>(`/messages?${query.toString()}`);
}

/** Asks when the reader has paused; answers to what was asked before do not count any more. */
function useFound(line: string, group: string | null): [Found | null, () => void] {
  const [found, setFound] = useState<Found | null>(null);
  const latest = useRef('');
  const run = async (before: readonly MessageView[]): Promise<void> => {
    const asked = `${line} ${group ?? ''}`;
    latest.current = asked;
    const put = (next: Found): void => {
      if (latest.current === asked) setFound(next);
    };
    try {
      const page = await fetchFound(line, group, before.at(-1)?.id);
      const searchedFrom = page.complete ? null : page.searched_from;
      const messages = [...before, ...page.messages];
      put({ messages, more: page.more, searchedFrom, failure: null });
    } catch (error) {
      put({ messages: before, more: false, searchedFrom: null, failure: wordsOf(error) });
    }
  };
  useEffect(() => {
    if (line.trim() !== '') return after(pauseMs, () => void run([]));
    latest.current = '';
    setFound(null);
    return undefined;
  }, [line, group]);
  return [found, () => void run(found?.messages ?? [])];
}

export function SearchPanel() {
  const [line, setLine] = useState('');
  const [isHere, setHere] = useState(false);
  const [found, more] = useFound(line, isHere ? openId.value : null);
  const name = findGroup(openId.value)?.name;
  return (
    <PanelFrame title="Search" class="search">
      <div class="form" role="search">
        <input
          type="search"
          value={line}
          aria-label="Search for"
          placeholder="Words, “a phrase”, from:name"
          ref={(element) => {
            if (found === null && line === '') element?.focus();
          }}
          onInput={({ currentTarget }) => {
            setLine(currentTarget.value);
          }}
        />
        {name !== undefined && (
          <label class="check">
            <input
              type="checkbox"
              checked={isHere}
              onChange={({ currentTarget }) => {
                setHere(currentTarget.checked);
              }}
            />
            {`Only in ${oneLine(name, 40)}`}
          </label>
        )}
      </div>
      <div class="results" role="region" aria-label="Results" aria-live="polite">
        {found === null ? <Help /> : <Results found={found} words={plainWords(line)} />}
        {found?.more === true && (
          <button type="button" class="small" onClick={more}>
            More
          </button>
        )}
      </div>
    </PanelFrame>
  );
}

function Results({ found, words }: { readonly found: Found; readonly words: readonly string[] }) {
  const { messages, failure, searchedFrom } = found;
  return (
    <>
      {failure !== null && <p class="error">{failure}</p>}
      {failure === null && messages.length === 0 && <p class="hint">Nothing was found.</p>}
      {messages.map((message) => (
        <MessageCard key={message.id} message={message} words={words} isGroupShown />
      ))}
      {searchedFrom !== null && (
        <p class="hint">{`Searched back to ${fullTime(searchedFrom)}; what is older is not indexed.`}</p>
      )}
    </>
  );
}

function Help() {
  return (
    <dl class="help">
      <dt>
        <code>disk full</code>
      </dt>
      <dd>both words, the last one as the beginning of one</dd>
      <dt>
        <code>"disk full"</code>
      </dt>
      <dd>side by side</dd>
      <dt>
        <code>-test</code>
      </dt>
      <dd>without the word</dd>
      <dt>
        <code>from:alice in:ops</code>
      </dt>
      <dd>by whom, and where</dd>
      <dt>
        <code>after:7d before:2026-11-20</code>
      </dt>
      <dd>when</dd>
    </dl>
  );
}
