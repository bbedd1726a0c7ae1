// What the reader can choose, and who this node is.
import { copy } from '../state/actions.ts';
import { isLocked, setToken, token } from '../state/http.ts';
import { status } from '../state/node.ts';
import { notify, theme, type Notify, type Theme } from '../state/settings.ts';
import { say } from '../state/ui.ts';
import { IconButton } from './icon.tsx';
import { Figure, Name } from './name.tsx';
import { PanelFrame } from './panel-frame.tsx';

export function SettingsPanel() {
  const own = status.value;
  return (
    <PanelFrame title="Settings">
      <div class="form">
        {own !== undefined && (
          <section aria-label="This node">
            <div class="self-card">
              <Figure pk={own.pk} size="large" />
              <div>
                <Name pk={own.pk} name={own.name} />
                <p class="hint">
                  {own.name === null
                    ? 'Start the node with --name to be called something.'
                    : 'The name was given with --name when the node was started.'}
                </p>
              </div>
            </div>
            <Value
              label="Address for others"
              value={own.listen === null ? own.pk : `${own.pk}@${own.listen}`}
            />
            <p class="hint">{`skychat-node ${own.version}, ${own.messages.toLocaleString()} messages`}</p>
          </section>
        )}
        <Choice<Theme>
          label="Theme"
          value={theme.value}
          options={{ system: 'As the system', light: 'Light', dark: 'Dark' }}
          onChange={(value) => {
            theme.value = value;
          }}
        />
        <Choice<Notify>
          label="Notifications"
          value={notify.value}
          options={{ never: 'None', mentions: 'When I am mentioned', all: 'All messages' }}
          onChange={(value) => void choose(value)}
        />
        {token.value !== null && (
          <section aria-label="Token">
            <p>This page uses an access token.</p>
            <button
              type="button"
              class="danger"
              onClick={() => {
                setToken(null, false);
                isLocked.value = true;
              }}
            >
              Forget the token
            </button>
          </section>
        )}
      </div>
    </PanelFrame>
  );
}

async function choose(value: Notify): Promise<void> {
  if (value !== 'never') {
    if (!('Notification' in globalThis)) {
      say('This browser has no notifications for pages without TLS.', true);
      return;
    }
    if ((await Notification.requestPermission()) !== 'granted') {
      say('The browser does not let this page notify you.', true);
      return;
    }
  }
  notify.value = value;
}

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: Readonly<Record<Value, string>>;
  readonly onChange: (value: Value) => void;
}

function Choice<Value extends string>({ label, value, options, onChange }: ChoiceProps<Value>) {
  return (
    <fieldset>
      <legend>{label}</legend>
      {(Object.entries(options) as [Value, string][]).map(([name, words]) => (
        <label class="check" key={name}>
          <input
            type="radio"
            name={label}
            checked={name === value}
            onChange={() => {
              onChange(name);
            }}
          />
          {words}
        </label>
      ))}
    </fieldset>
  );
}

export function Value({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <div class="value">
      <span class="hint">{label}</span>
      <code class="key">{value}</code>
      <IconButton icon="copy" label={`Copy: ${label}`} onClick={() => void copy(value)} />
    </div>
  );
}
