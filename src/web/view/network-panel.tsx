// Who is linked to whom as far as this node knows, and how far each is behind: as a picture, and in
// words below it.
import { useEffect, useState } from 'preact/hooks';
import type { PeerView, StatusView } from '../../chat/view.ts';
import { after, now } from '../env.ts';
import { pictureOf, type Line, type Spot } from '../model/network-picture.ts';
import { byteCount, span } from '../model/times.ts';
import { oneLine } from '../model/visible.ts';
import { ask, wordsOf } from '../state/http.ts';
import {
  feeds,
  nameOf,
  peers,
  refreshFeeds,
  refreshPeers,
  refreshStatus,
  status,
} from '../state/node.ts';
import { say } from '../state/ui.ts';
import { figureOf, hueOf } from '../model/names.ts';
import { DialogButton } from './dialog.tsx';
import { Name } from './name.tsx';
import { PanelFrame } from './panel-frame.tsx';

const pollMs = 2000;

export function NetworkPanel() {
  useEffect(() => {
    let cancel = (): void => undefined;
    const poll = (): void => {
      refreshPeers();
      refreshFeeds();
      refreshStatus();
      cancel = after(pollMs, poll);
    };
    poll();
    return () => {
      cancel();
    };
  }, []);
  const own = status.value;
  return (
    <PanelFrame title="Network" class="network">
      {own !== undefined && (
        <>
          <Sync status={own} />
          <PictureOf self={own.pk} />
        </>
      )}
      <div class="results">
        {peers.value.length === 0 && (
          <p class="hint">
            This node knows no other. Name the address of one: it needs to name this one’s key.
          </p>
        )}
        <ul class="peers">
          {[...peers.value]
            .sort((a, b) => (a.pk < b.pk ? -1 : 1))
            .map((peer) => (
              <li key={peer.pk}>
                <Peer peer={peer} />
              </li>
            ))}
        </ul>
        <DialogButton opens="peer">Link another node…</DialogButton>
      </div>
    </PanelFrame>
  );
}

function Sync({ status: { sync, peers: count } }: { readonly status: StatusView }) {
  const links = `${count.connected} of ${count.known} known nodes linked`;
  const state =
    sync.behind === 0
      ? (sync.reason ?? 'In sync')
      : `Behind by ${sync.behind.toLocaleString()}: ${sync.reason ?? `${Math.round(sync.per_s)} a second`}`;
  return (
    <p class={`sync ${sync.behind === 0 ? '' : 'behind'}`} role="status">
      <b>{state}</b>
      <span class="hint">{links}</span>
    </p>
  );
}

function PictureOf({ self }: { readonly self: string }) {
  const picture = pictureOf(self, peers.value, feeds.value);
  const { extent } = picture;
  const linked = peers.value.filter(({ state }) => state === 'connected').length;
  return (
    <figure class="picture">
      <svg
        viewBox={`${-extent} ${-extent} ${2 * extent} ${2 * extent}`}
        role="img"
        aria-label={`This node and its ${linked} links; the list below says the same in words`}
      >
        {picture.lines.map((line) => (
          <Stroke key={`${line.from.pk} ${line.to.pk}`} line={line} />
        ))}
        {picture.spots.map((spot) => (
          <Dot key={spot.pk} spot={spot} />
        ))}
      </svg>
      <figcaption class="legend">
        <span class="connected">linked</span>
        <span class="waiting">no link now</span>
        <span class="by-way-of">heard by way of</span>
        {picture.omitted > 0 && <span>{`${picture.omitted} more are not drawn`}</span>}
      </figcaption>
    </figure>
  );
}

function Stroke({ line: { from, to, kind, peer } }: { readonly line: Line }) {
  const lag = (peer?.behind ?? 0) + (peer?.ahead ?? 0);
  return (
    <g class={`stroke ${kind}`}>
      <line x1={from.x} y1={from.y} x2={to.x} y2={to.y} class={lag > 0 ? 'lagging' : ''} />
      {peer !== undefined && kind === 'connected' && (
        <text x={to.x * 0.62} y={to.y * 0.62 + 2}>
          {lag > 0 ? lagWords(peer) : peer.rtt_ms === null ? '' : roundTrip(peer.rtt_ms)}
        </text>
      )}
    </g>
  );
}

function roundTrip(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

function lagWords({ behind, ahead }: PeerView): string {
  return [behind > 0 ? `↓${behind}` : '', ahead > 0 ? `↑${ahead}` : ''].join(' ').trim();
}

function Dot({ spot: { pk, x, y, kind } }: { readonly spot: Spot }) {
  const size = kind === 'self' ? 26 : 20;
  const cell = size / 7;
  return (
    <g class={`spot ${kind}`} transform={`translate(${x} ${y})`}>
      <title>{`${oneLine(nameOf(pk), 60)} ${pk}`}</title>
      <g class={`figure hue-${hueOf(pk)}`} transform={`translate(${-size / 2} ${-size / 2})`}>
        <rect class="ground" width={size} height={size} rx={size / 4} />
        {figureOf(pk).map((at) => (
          <rect
            x={(at.x + 1) * cell}
            y={(at.y + 1) * cell}
            width={cell + 0.1}
            height={cell + 0.1}
          />
        ))}
      </g>
      <text y={y < 0 ? -size / 2 - 4 : size / 2 + 9}>
        {kind === 'self' ? 'this node' : oneLine(nameOf(pk), 14)}
      </text>
    </g>
  );
}

const stateWords: Readonly<Record<PeerView['state'], string>> = {
  connected: 'linked',
  dialing: 'dialing',
  waiting: 'waiting',
  refused: 'refused',
};

function Peer({ peer }: { readonly peer: PeerView }) {
  const { pk, name, state, reason, since, behind, ahead, rtt_ms: rtt, address } = peer;
  const lag =
    behind + ahead === 0
      ? 'nothing to tell each other'
      : [
          behind > 0 ? `has ${behind} that this node has not` : '',
          ahead > 0 ? `${ahead} on their way to it` : '',
        ]
          .filter((each) => each !== '')
          .join(', ');
  return (
    <details class="peer">
      <summary>
        <span class={`state-dot ${state}`} />
        <span class="member-words">
          <Name pk={pk} name={name} />
          <span class="hint">{reason === null ? lag : oneLine(reason, 200)}</span>
        </span>
        <span class={`presence ${state === 'connected' ? 'on' : ''}`}>
          {`${stateWords[state]} ${span(now() - Date.parse(since))}`}
        </span>
      </summary>
      <p>
        <code class="key">{address === null ? pk : `${pk}@${address.replace(/^.*@/, '')}`}</code>
      </p>
      <p class="hint">
        {`${lag} · ${byteCount(peer.bytes_in)} in, ${byteCount(peer.bytes_out)} out`}
        {rtt !== null && ` · ${roundTrip(rtt)} there and back`}
      </p>
      <Forget pk={pk} />
    </details>
  );
}

function Forget({ pk }: { readonly pk: string }) {
  const [isSure, setSure] = useState(false);
  return (
    <button
      type="button"
      class="small danger"
      onClick={() => {
        setSure(!isSure);
        if (!isSure) return;
        ask('DELETE', `/peers/${pk}`).then(refreshPeers, (error: unknown) => {
          say(wordsOf(error), true);
        });
      }}
    >
      {isSure ? 'Really remove' : 'Remove'}
    </button>
  );
}
