// The parts that all forms in dialogs are made of.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { wordsOf } from '../state/http.ts';
import { closeDialog, DialogFrame } from './dialog.tsx';

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly placeholder?: string;
  readonly maxLength?: number;
  readonly hasFocus?: boolean;
}

export function Field({ label, value, onInput, hasFocus, ...rest }: FieldProps) {
  return (
    <label>
      {label}
      <input
        value={value}
        autofocus={hasFocus}
        autocomplete="off"
        dir="auto"
        onInput={({ currentTarget }) => {
          onInput(currentTarget.value);
        }}
        {...rest}
      />
    </label>
  );
}

interface DialogFormProps {
  readonly title: string;
  /** What the button says. */
  readonly action: string;
  readonly isReady: boolean;
  readonly isDanger?: boolean;
  /** Where it throws, the form says why. */
  readonly onSubmit: () => Promise<void>;
  readonly children: ComponentChildren;
}

/** A dialog that is one form: it stays open where what is asked for does not come about. */
export function DialogForm(props: DialogFormProps) {
  const { title, action, isReady, isDanger = false, onSubmit, children } = props;
  const [failure, setFailure] = useState<string | null>(null);
  const submit = async (): Promise<void> => {
    try {
      await onSubmit();
    } catch (error) {
      setFailure(wordsOf(error));
    }
  };
  return (
    <DialogFrame title={title}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {children}
        {failure !== null && (
          <p class="error" role="alert">
            {failure}
          </p>
        )}
        <footer>
          <button type="button" onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" class={isDanger ? 'danger' : 'primary'} disabled={!isReady}>
            {action}
          </button>
        </footer>
      </form>
    </DialogFrame>
  );
}
