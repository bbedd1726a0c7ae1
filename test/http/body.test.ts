import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '../../src/http/body.ts';

test('what JSON writes is read, whatever stands in its names and strings', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (value) => {
      const text = JSON.stringify(value);
      expect(parseJson(text)).toEqual(JSON.parse(text));
      expect(parseJson(JSON.stringify(value, null, 2))).toEqual(JSON.parse(text));
    }),
  );
});

test('a field that is given twice is refused, however it is written', () => {
  const other = (name: string): string =>
    Array.from({ length: name.length }, (_, i) => {
      return `\\u${name.charCodeAt(i).toString(16).padStart(4, '0')}`;
    }).join('');
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.jsonValue(),
      fc.boolean(),
      (name, value, escaped) => {
        const again = escaped ? `"${other(name)}"` : JSON.stringify(name);
        const text = `{${JSON.stringify(name)}:${JSON.stringify(value)},${again}:1}`;
        expect(() => parseJson(text)).toThrow('a field is given twice');
      },
    ),
  );
});

test('a name may stand twice where it names two things', () => {
  const text = '[{"a":{"a":1,"b":[{"a":2}]}},{"a":1}]';
  expect(parseJson(text)).toEqual(JSON.parse(text));
  expect(parseJson('{"a":{"a":1},"b":{"a":1}}')).toEqual({ a: { a: 1 }, b: { a: 1 } });
});
