// What stands beside the conversation: one panel at a time.
import { panel } from '../state/ui.ts';
import { MembersPanel } from './members-panel.tsx';
import { NetworkPanel } from './network-panel.tsx';
import { PinsPanel } from './pins-panel.tsx';
import { SearchPanel } from './search-panel.tsx';
import { SettingsPanel } from './settings-panel.tsx';
import { ThreadPanel } from './thread-panel.tsx';

export function Aside() {
  const shown = panel.value;
  switch (shown?.kind) {
    case undefined:
      return null;
    case 'thread':
      return <ThreadPanel root={shown.id} key={shown.id} />;
    case 'search':
      return <SearchPanel />;
    case 'members':
      return <MembersPanel />;
    case 'pins':
      return <PinsPanel />;
    case 'network':
      return <NetworkPanel />;
    case 'settings':
      return <SettingsPanel />;
  }
}
