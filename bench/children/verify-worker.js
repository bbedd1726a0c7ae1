// A worker thread that verifies whole segments. Answers with the ids that the run is made of, in one
// buffer: of each root its own, then of each of its objects the message's and the object's.
// (JavaScript: node 20 loads no TypeScript into a worker.)
import { parentPort } from 'node:worker_threads';
import { concat } from '../../dist/bytes.js';
import { verifySegment } from '../../dist/cxo/segment.js';

parentPort.on('message', ({ number, feed, from, bytes }) => {
  const verified = verifySegment(feed, from, bytes);
  if (!verified.ok) throw new Error('the segment is good');
  const { entries } = verified.run;
  const ids = concat(
    ...entries.flatMap(({ root, objects }) => [
      root,
      ...objects.flatMap(({ message, id }) => [message, id]),
    ]),
  );
  const kinds = entries.flatMap(({ objects }) => objects.map(({ kind }) => kind));
  parentPort.postMessage({ number, bytes, ids, kinds }, [bytes.buffer, ids.buffer]);
});
