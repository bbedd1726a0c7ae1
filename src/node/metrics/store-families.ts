// Metrics of the store and of the commits into it.
import { counter, gauge, histogram, type Family } from './family.ts';

export const storeFamilies: readonly Family[] = [
  gauge(
    'skychat_store_bytes',
    'Size of the store on the disk.',
    ({ status }) => status.store.bytes,
  ),
  counter(
    'skychat_store_damaged_total',
    'Parts of the store that could not be read since the start.',
    ({ status }) => status.store.damaged,
  ),
  gauge(
    'skychat_store_writable',
    'Whether the latest commit succeeded: 1 or 0.',
    ({ isWritable }) => (isWritable ? 1 : 0),
  ),
  histogram('skychat_commit_seconds', 'Time of a synced commit.', ({ commits }) =>
    commits.seconds.view(),
  ),
  histogram(
    'skychat_commit_messages',
    'Messages in a commit, own ones and those of peers.',
    ({ commits }) => commits.messages.view(),
  ),
  histogram('skychat_commit_bytes', 'Bytes of segments in a commit.', ({ commits }) =>
    commits.bytes.view(),
  ),
  counter(
    'skychat_commit_failures_total',
    'Commits that failed; nothing of them was acknowledged.',
    ({ commits }) => commits.failed,
  ),
];
