// Texts of made-up words that occur as often as those of a language do (Zipf), the same vocabulary in
// each run. Knows nothing of what is measured with them.

const letters = 'etaoinshrdlucmfwypvbgkqjxz';
const vocabulary = 60_000;

/** The words, the most frequent first. */
export const words: readonly string[] = Array.from({ length: vocabulary }, (_, rank) => {
  let word = '';
  for (let rest = rank + 17; rest > 0; rest = Math.floor(rest / letters.length)) {
    word += letters[rest % letters.length] ?? '';
  }
  return `${word}${rank % 2 === 0 ? 'e' : 'n'}`;
});

const sums: number[] = [];
let sum = 0;
for (let rank = 1; rank <= vocabulary; rank++) sums.push((sum += 1 / rank));

/** About so many characters. */
export function wordyText(length: number): string {
  let text = '';
  while (text.length < length) text += `${text === '' ? '' : ' '}${wordAt(Math.random() * sum)}`;
  return text;
}

function wordAt(chance: number): string {
  let low = 0;
  let high = vocabulary - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] ?? 0) < chance) low = middle + 1;
    else high = middle;
  }
  return words[low] ?? '';
}
