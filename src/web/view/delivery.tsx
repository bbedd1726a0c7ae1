// On how many nodes a message is known to be, and on whose.
import type { DeliveryView } from '../../chat/view.ts';
import { oneLine } from '../model/visible.ts';
import { nameOf } from '../state/node.ts';
import { Icon } from './icon.tsx';

export function Delivery({ delivery: { stored, members } }: { readonly delivery: DeliveryView }) {
  const others = Math.max(0, members - 1);
  const count = Math.min(stored.length, others);
  const isEverywhere = others > 0 && count === others;
  const words =
    count === 0
      ? 'On this node’s disk; no other node has said yet that it has it'
      : `On the disks of ${count} of ${others} other nodes: ${oneLine(stored.map(nameOf).join(', '), 300)}`;
  return (
    <span class={`delivery ${isEverywhere ? 'everywhere' : ''}`} title={words}>
      <span class="hidden">{words}</span>
      <span class="marks" aria-hidden="true">
        <Icon name="check" />
        {count > 0 && <Icon name="check" />}
      </span>
      {others > 1 && <span aria-hidden="true">{`${count}/${others}`}</span>}
    </span>
  );
}
