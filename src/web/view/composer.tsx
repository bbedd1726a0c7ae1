// Where a message is written: Enter sends, Shift and Enter begins a line, `@` completes a name. What
// is typed is kept until it is sent.
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { MemberView, MessageView } from '../../chat/view.ts';
import { oneLine } from '../model/visible.ts';
import { completionsOf, type Completion } from '../model/completion.ts';
import { edit } from '../state/actions.ts';
import { watchDelivery } from '../state/live.ts';
import { enqueue, isOutboxOpen } from '../state/outbox.ts';
import { keepDraft, readDraft } from '../state/settings.ts';
import { CompletionList, completionId } from './completion-list.tsx';
import { ComposerMode } from './composer-mode.tsx';
import { Icon } from './icon.tsx';

export interface Mode {
  readonly kind: 'reply' | 'edit';
  readonly message: MessageView;
}

export interface ComposerProps {
  /** What the draft is kept under. */
  readonly place: string;
  readonly group: string | null;
  readonly to: string | null;
  readonly title: string;
  readonly members: readonly MemberView[];
  readonly mode: Mode | null;
  /** What every message of this composer answers. */
  readonly root?: string;
  readonly onMode: (mode: Mode | null) => void;
  readonly onSent: () => void;
  /** The arrow up in an empty field. */
  readonly onEditLast: () => void;
}

/** As the node counts: bytes of UTF-8. */
const textBytesMax = 64 * 1024;

export function Composer(props: ComposerProps) {
  return isOutboxOpen.value ? <OpenComposer {...props} /> : null;
}

function OpenComposer(props: ComposerProps) {
  const { mode } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(() => readDraft(props.place));
  const [options, setOptions] = useState<Options>(plain);
  const [choice, setChoice] = useState<Completion | null>(null);
  useModeText(props, field, text, setText);
  const isEditing = mode?.kind === 'edit';
  const type = (value: string): void => {
    setText(value);
    if (!isEditing) keepDraft(props.place, value);
    const at = field.current?.selectionStart ?? value.length;
    setChoice(completionsOf(value, at, props.members));
  };
  const submit = async (): Promise<void> => {
    if (text.trim() === '' || !(await sendText(props, text, options))) return;
    if (!isEditing) keepDraft(props.place, '');
    setText(isEditing ? readDraft(props.place) : '');
    setOptions(plain);
    props.onMode(null);
    props.onSent();
    field.current?.focus();
  };
  const complete = (name: string): void => {
    if (choice === null) return;
    type(`${text.slice(0, choice.start)}@${name} ${text.slice(choice.end)}`);
    setChoice(null);
    const at = choice.start + name.length + 2;
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(at, at);
    });
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
      onKeyDown={(event) => {
        if (event.target !== field.current || event.isComposing) return;
        if (choice === null || !moveChoice(event, choice, setChoice, complete)) {
          handleKey(event, props, text, () => void submit());
        }
      }}
    >
      {choice !== null && <CompletionList choice={choice} onPick={complete} />}
      {mode !== null && (
        <ComposerMode
          mode={mode}
          onEnd={() => {
            props.onMode(null);
          }}
        />
      )}
      <div class="field">
        <Field field={field} title={props.title} text={text} choice={choice} onType={type} />
        {!isEditing && <ComposerOptions options={options} onChange={setOptions} />}
        <button class="send" type="submit" aria-label="Send" title="Send (Enter)">
          <Icon name="send" />
        </button>
      </div>
      <TooLong text={text} />
    </form>
  );
}

interface FieldProps {
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly title: string;
  readonly text: string;
  readonly choice: Completion | null;
  readonly onType: (value: string) => void;
}

function Field({ field, title, text, choice, onType }: FieldProps) {
  return (
    <textarea
      ref={field}
      rows={1}
      value={text}
      dir="auto"
      aria-label={`Message to ${oneLine(title, 60)}`}
      placeholder={`Message ${oneLine(title, 40)}`}
      aria-autocomplete="list"
      aria-controls={choice === null ? undefined : 'completions'}
      aria-activedescendant={choice === null ? undefined : completionId(choice.at)}
      onInput={({ currentTarget }) => {
        onType(currentTarget.value);
      }}
    />
  );
}

function handleKey(
  event: KeyboardEvent,
  { mode, onMode, onEditLast }: ComposerProps,
  text: string,
  submit: () => void,
): void {
  if (event.key === 'Enter' && !event.shiftKey) {
    event.preventDefault();
    submit();
  } else if (event.key === 'Escape' && mode !== null) {
    event.stopPropagation();
    onMode(null);
  } else if (event.key === 'ArrowUp' && text === '') {
    event.preventDefault();
    onEditLast();
  }
}

function TooLong({ text }: { readonly text: string }) {
  const bytes = text.length > textBytesMax / 4 ? new TextEncoder().encode(text).length : 0;
  if (bytes <= textBytesMax) return null;
  return (
    <p class="error" role="alert">
      {`The text has ${bytes.toLocaleString()} bytes; a message holds 65,536.`}
    </p>
  );
}

async function sendText(props: ComposerProps, text: string, options: Options): Promise<boolean> {
  const { mode, group, to, root } = props;
  if (mode?.kind === 'edit') return edit(mode.message.id, text);
  const replyTo = mode?.message.id ?? root ?? null;
  const isKept = enqueue({ group, to, text, replyTo, ...options });
  if (isKept) watchDelivery();
  return isKept;
}

/**
 * To edit brings the text of the message, and to stop brings back the draft: at once, or it would take
 * the place of what is typed before the browser draws.
 */
function useModeText(
  { mode, place }: ComposerProps,
  field: RefObject<HTMLTextAreaElement | null>,
  text: string,
  setText: (text: string) => void,
): void {
  const edited = mode?.kind === 'edit' ? mode.message.id : null;
  const last = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (edited !== null) setText(mode?.message.text ?? '');
    else if (last.current !== null) setText(readDraft(place));
    last.current = edited;
    if (mode !== null) field.current?.focus();
  }, [edited, mode?.message.id]);
  useLayoutEffect(() => {
    fit(field.current);
  }, [text]);
}

/** As high as what is in it, up to what the style sheet allows. */
function fit(field: HTMLTextAreaElement | null): void {
  if (field === null) return;
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight}px`;
}

function moveChoice(
  event: KeyboardEvent,
  choice: Completion,
  setChoice: (choice: Completion | null) => void,
  complete: (name: string) => void,
): boolean {
  const { names, at } = choice;
  const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: names.length - 1 };
  const step = steps[event.key];
  if (step !== undefined) setChoice({ ...choice, at: (at + step) % names.length });
  else if (event.key === 'Tab' || event.key === 'Enter') complete(names[at]?.insert ?? '');
  else if (event.key === 'Escape') setChoice(null);
  else return false;
  event.preventDefault();
  event.stopPropagation();
  return true;
}

interface Options {
  readonly priority: string | null;
  readonly ack: boolean;
}

const plain: Options = { priority: null, ack: false };

interface OptionsProps {
  readonly options: Options;
  readonly onChange: (options: Options) => void;
}

function ComposerOptions({ options, onChange }: OptionsProps) {
  return (
    <div class="options">
      <select
        aria-label="Priority"
        class={options.priority ?? ''}
        value={options.priority ?? ''}
        onChange={({ currentTarget: { value } }) => {
          onChange({ ...options, priority: value === '' ? null : value });
        }}
      >
        <option value="">Normal</option>
        <option value="low">Low</option>
        <option value="high">High</option>
        <option value="urgent">Urgent</option>
      </select>
      <button
        type="button"
        class="icon-button"
        aria-label="Ask everybody to acknowledge it"
        title="Ask everybody to acknowledge it"
        aria-pressed={options.ack}
        onClick={() => {
          onChange({ ...options, ack: !options.ack });
        }}
      >
        <Icon name="check" />
      </button>
    </div>
  );
}
