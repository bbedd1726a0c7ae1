// A conversation with somebody to whom nothing was said yet: the first message makes the group.
import { useEffect } from 'preact/hooks';
import { groups, members, nameOf } from '../state/node.ts';
import { openGroup } from '../state/ui.ts';
import { Composer } from './composer.tsx';
import { IconButton } from './icon.tsx';
import { Figure, Name } from './name.tsx';
import { Pending } from './pending.tsx';

export function DirectView({ pk }: { readonly pk: string }) {
  const name = nameOf(pk);
  useEffect(() => {
    const known = groups.value?.find(
      ({ kind, id }) =>
        kind === 'direct' && members.value.get(id)?.some((member) => member.pk === pk) === true,
    );
    if (known !== undefined) openGroup(known.id);
  }, [pk]);
  return (
    <main class="conversation">
      <header class="head">
        <IconButton
          icon="back"
          label="All conversations"
          class="phone"
          onClick={() => {
            openGroup(null);
          }}
        />
        <div class="title">
          <h1>
            <Name pk={pk} name={name} />
          </h1>
          <p>A conversation of two</p>
        </div>
      </header>
      <div class="timeline">
        <div class="scroller">
          <div class="beginning">
            <Figure pk={pk} size="large" />
            <p>What you write here only the two of you can read.</p>
            <p class="hint">
              <code>{pk}</code>
            </p>
          </div>
          <Pending group={null} to={pk} root={null} />
        </div>
      </div>
      <Composer
        key={pk}
        place={`to-${pk}`}
        group={null}
        to={pk}
        title={name}
        members={[]}
        mode={null}
        onMode={() => undefined}
        onSent={() => undefined}
        onEditLast={() => undefined}
      />
    </main>
  );
}
