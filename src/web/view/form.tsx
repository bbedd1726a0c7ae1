// The parts that all forms in dialogs are made of.
import { closeDialog } from './dialog.tsx';

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

interface FootProps {
  readonly action: string;
  readonly isReady: boolean;
  readonly isDanger?: boolean;
}

export function FormFoot({ action, isReady, isDanger = false }: FootProps) {
  return (
    <footer>
      <button type="button" onClick={closeDialog}>
        Cancel
      </button>
      <button type="submit" class={isDanger ? 'danger' : 'primary'} disabled={!isReady}>
        {action}
      </button>
    </footer>
  );
}
