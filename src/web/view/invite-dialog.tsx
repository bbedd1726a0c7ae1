// Inviting by a link and its QR code; the invites that are open, and taking them back.
import { useEffect, useState } from 'preact/hooks';
import type { GroupView, InviteView, NewInviteView } from '../../chat/view.ts';
import { copy } from '../state/actions.ts';
import { ask, get, wordsOf } from '../state/http.ts';
import { nameOf } from '../state/node.ts';
import { say } from '../state/ui.ts';
import { DialogFrame } from './dialog.tsx';
import { Icon } from './icon.tsx';
import { QrCode } from './qr.tsx';
import { fullTime } from '../model/times.ts';

const spans = { '1h': 'an hour', '1d': 'a day', '7d': 'a week', '30d': 'a month' } as const;

export function InviteDialog({ group }: { readonly group: GroupView }) {
  const [made, setMade] = useState<NewInviteView | null>(null);
  return (
    <DialogFrame title="Invite">
      {made === null ? <Terms group={group} onMade={setMade} /> : <Link made={made} />}
      <Open group={group} count={made === null ? 0 : 1} />
    </DialogFrame>
  );
}

interface TermsProps {
  readonly group: GroupView;
  readonly onMade: (made: NewInviteView) => void;
}

function Terms({ group, onMade }: TermsProps) {
  const [span, setSpan] = useState('7d');
  const [uses, setUses] = useState('1');
  const [history, setHistory] = useState(false);
  const submit = async (): Promise<void> => {
    try {
      const json = { expires_in: span, uses: uses === '' ? null : Number(uses), history };
      onMade(await ask<NewInviteView>('POST', `/groups/${group.id}/invites`, { json }));
    } catch (error) {
      say(wordsOf(error), true);
    }
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <label>
        It holds for
        <select
          value={span}
          onChange={({ currentTarget }) => {
            setSpan(currentTarget.value);
          }}
        >
          {Object.entries(spans).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <label>
        How many may join by it
        <select
          value={uses}
          onChange={({ currentTarget }) => {
            setUses(currentTarget.value);
          }}
        >
          <option value="1">one</option>
          <option value="5">5</option>
          <option value="25">25</option>
          <option value="">any number</option>
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={history}
          onChange={({ currentTarget }) => {
            setHistory(currentTarget.checked);
          }}
        />
        Show them what was said before
      </label>
      <footer>
        <button type="submit" class="primary">
          Make a link
        </button>
      </footer>
    </form>
  );
}

function Link({ made: { invite, expires } }: { readonly made: NewInviteView }) {
  return (
    <div class="form invite-link">
      <QrCode text={invite} label="The invite as a QR code" />
      <p>
        <b>It is shown this once.</b> Whoever has it can join
        {expires === null ? '.' : ` until ${fullTime(expires)}.`}
      </p>
      <textarea
        readOnly
        rows={4}
        value={invite}
        aria-label="Invite link"
        onFocus={({ currentTarget }) => {
          currentTarget.select();
        }}
      />
      <footer>
        <button type="button" class="primary" onClick={() => void copy(invite)}>
          <Icon name="copy" /> Copy the link
        </button>
      </footer>
    </div>
  );
}

function Open({ group, count }: { readonly group: GroupView; readonly count: number }) {
  const [invites, setInvites] = useState<readonly InviteView[]>([]);
  const load = async (): Promise<void> => {
    const { invites: list } = await get<{ invites: readonly InviteView[] }>(
      `/groups/${group.id}/invites`,
    );
    setInvites(list.filter(({ state }) => state === 'open'));
  };
  useEffect(() => {
    load().catch(() => undefined);
  }, [count]);
  if (invites.length === 0) return null;
  return (
    <section class="form" aria-label="Open invites">
      <h3>Open invites</h3>
      <ul class="invites">
        {invites.map(({ id, by, used, uses, expires }) => (
          <li key={id}>
            <span>
              {`by ${nameOf(by)}, used ${used} of ${uses ?? 'any number'}`}
              {expires !== null && <span class="hint block">{`until ${fullTime(expires)}`}</span>}
            </span>
            <button
              type="button"
              class="small danger"
              onClick={() => {
                ask('DELETE', `/groups/${group.id}/invites/${id}`)
                  .then(load)
                  .catch((error: unknown) => {
                    say(wordsOf(error), true);
                  });
              }}
            >
              Revoke
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
