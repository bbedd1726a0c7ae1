// GitHub's webhooks, told apart by the header X-GitHub-Event: what happened in a line or two, with a link.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads
import { firstLine, lines, listed, listIn, textIn, words, type Notice } from './notice.ts';

type Describe = (value: unknown) => string;

const events: Readonly<Record<string, Describe>> = {
  ping: (value) => words('GitHub will tell of this repository here.', textIn(value, 'zen')),
  push: describePush,
  pull_request: (value) => describeThing(value, 'pull request', 'pull_request'),
  issues: (value) => describeThing(value, 'issue', 'issue'),
  issue_comment: (value) => describeComment(value, 'issue'),
  pull_request_review: (value) => describeReview(value),
  pull_request_review_comment: (value) => describeComment(value, 'pull_request'),
  release: (value) => {
    const name = textIn(value, 'release', 'name') || textIn(value, 'release', 'tag_name');
    return words(action(value), 'release', name, textIn(value, 'release', 'html_url'));
  },
  workflow_run: (value) => {
    const run = textIn(value, 'workflow_run', 'name');
    const outcome = textIn(value, 'workflow_run', 'conclusion') || action(value);
    const branch = textIn(value, 'workflow_run', 'head_branch');
    const url = textIn(value, 'workflow_run', 'html_url');
    return words('workflow', `"${run}"`, outcome, branch && `on ${branch}`, url);
  },
  create: (value) => words('created', textIn(value, 'ref_type'), textIn(value, 'ref')),
  delete: (value) => words('deleted', textIn(value, 'ref_type'), textIn(value, 'ref')),
};

/** An event that is not known is named, so that none is lost. */
export function noticeOfGithub(event: string, value: unknown): Notice {
  const repository =
    textIn(value, 'repository', 'full_name') || textIn(value, 'organization', 'login');
  const sender = textIn(value, 'sender', 'login') || textIn(value, 'pusher', 'name');
  const describe = Object.hasOwn(events, event) ? events[event] : undefined;
  const said = describe?.(value) ?? words(event.replaceAll('_', ' '), action(value));
  return { text: words(repository && `[${repository}]`, sender, said) };
}

function describePush(value: unknown): string {
  const branch = textIn(value, 'ref').replace(/^refs\/(heads|tags)\//, '');
  const commits = listIn(value, 'commits');
  if (commits.length === 0) return words('pushed', branch, textIn(value, 'compare'));
  const count = commits.length === 1 ? '1 commit' : `${commits.length} commits`;
  return lines(
    words('pushed', count, 'to', branch, textIn(value, 'compare')),
    listed(commits, (commit) => {
      const author = textIn(commit, 'author', 'name');
      const id = textIn(commit, 'id').slice(0, 7);
      return words('-', id, firstLine(textIn(commit, 'message')), author && `(${author})`);
    }),
  );
}

function describeThing(value: unknown, what: string, field: string): string {
  const isMerged = action(value) === 'closed' && textIn(value, field, 'merged_at') !== '';
  const done = isMerged ? 'merged' : action(value).replaceAll('_', ' ');
  return words(done, what, nameOf(value, field), textIn(value, field, 'html_url'));
}

function describeComment(value: unknown, field: string): string {
  return lines(
    words('commented on', nameOf(value, field), textIn(value, 'comment', 'html_url')),
    firstLine(textIn(value, 'comment', 'body')),
  );
}

function describeReview(value: unknown): string {
  const state = textIn(value, 'review', 'state').replaceAll('_', ' ');
  const url = textIn(value, 'review', 'html_url');
  return words('reviewed', nameOf(value, 'pull_request'), state && `(${state})`, url);
}

function nameOf(value: unknown, field: string): string {
  const number = textIn(value, field, 'number');
  return words(number && `#${number}`, textIn(value, field, 'title'));
}

function action(value: unknown): string {
  return textIn(value, 'action');
}
