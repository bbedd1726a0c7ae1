// Asks for the token that the node wants from who reads it.
import { useState } from 'preact/hooks';
import { setToken, token } from '../state/http.ts';

export function TokenForm() {
  const [value, setValue] = useState('');
  const [isKept, setKept] = useState(false);
  return (
    <main class="lock">
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          setToken(value.trim(), isKept);
        }}
      >
        <h1>This node asks for a token</h1>
        <p>It is in the file that the node was started with (--http-token-file).</p>
        {token.value !== null && (
          <p class="error" role="alert">
            The node did not take the token.
          </p>
        )}
        <label>
          Token
          <input
            type="password"
            value={value}
            autocomplete="current-password"
            autofocus
            onInput={({ currentTarget }) => {
              setValue(currentTarget.value);
            }}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={isKept}
            onChange={({ currentTarget }) => {
              setKept(currentTarget.checked);
            }}
          />
          Keep it when this tab is closed
        </label>
        <footer>
          <button type="submit" class="primary" disabled={value.trim() === ''}>
            Open
          </button>
        </footer>
      </form>
    </main>
  );
}
