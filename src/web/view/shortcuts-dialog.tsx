// All keys, for those who would rather not reach for a mouse.
import { DialogFrame } from './dialog.tsx';

const keys: readonly (readonly [string, string])[] = [
  ['Enter', 'send'],
  ['Shift Enter', 'a new line'],
  ['@', 'complete a name'],
  ['↑ in an empty field', 'edit your last message'],
  ['Esc', 'cancel, close, back to the field'],
  ['Ctrl K', 'search'],
  ['Alt ↑ ↓', 'the conversation before, after'],
  ['↑ ↓ in the messages', 'the message before, after'],
  ['R', 'reply'],
  ['T', 'open the thread'],
  ['+', 'react'],
  ['E', 'edit'],
  ['P', 'pin'],
  ['C', 'copy the text'],
  ['Del', 'delete'],
  ['End', 'the newest message'],
  ['?', 'this list'],
];

export function ShortcutsDialog() {
  return (
    <DialogFrame title="Keys">
      <dl class="keys">
        {keys.map(([key, words]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">
        Text: `code`, three backticks around lines of code, **bold**, and &gt; before a quotation.
      </p>
    </DialogFrame>
  );
}
