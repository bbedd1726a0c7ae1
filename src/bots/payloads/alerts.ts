// Alerts as Alertmanager (webhook version 4) and Grafana send them: a line that says how many, and one
// for each. https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
import { fieldsOf } from '../row-book.ts';
import { firstLine, lines, listed, listIn, textIn, words, type Notice } from './notice.ts';

/** Undefined for what has no alerts. */
export function noticeOfAlerts(value: unknown): Notice | undefined {
  const { alerts, orgId, ruleName } = fieldsOf(value);
  if (Array.isArray(alerts)) {
    return { text: orgId === undefined ? textOfAlertmanager(value) : textOfGrafana(value) };
  }
  // Grafana's alerts before version 9.
  return typeof ruleName === 'string' ? { text: textOfRule(value) } : undefined;
}

function textOfAlertmanager(value: unknown): string {
  const status = textIn(value, 'status').toUpperCase();
  const labels = pairsOf(fieldsOf(value)['groupLabels'], ['alertname']);
  const name =
    textIn(value, 'groupLabels', 'alertname') || textIn(value, 'commonLabels', 'alertname');
  const cut = Number(textIn(value, 'truncatedAlerts'));
  return lines(
    words(`[${status}:${countOf(value)}]`, name, labels),
    alertLines(value),
    cut > 0 ? `(${cut} more were left out by Alertmanager)` : undefined,
  );
}

/** Grafana makes a title of its own, which says the same as the line above. */
function textOfGrafana(value: unknown): string {
  const title = textIn(value, 'title') || `[${textIn(value, 'status').toUpperCase()}]`;
  return lines(title, alertLines(value));
}

function textOfRule(value: unknown): string {
  const title = textIn(value, 'title') || textIn(value, 'ruleName');
  return lines(title, textIn(value, 'message'), textIn(value, 'ruleUrl'));
}

/** Resolved ones of a group that still fires count for nothing. */
function countOf(value: unknown): number {
  const alerts = listIn(value, 'alerts');
  return alerts.filter(({ status }) => status === textIn(value, 'status')).length;
}

function alertLines(value: unknown): string {
  return listed(listIn(value, 'alerts'), (alert) => {
    const summary = textIn(alert, 'annotations', 'summary');
    const said = summary || firstLine(textIn(alert, 'annotations', 'description'));
    const name = textIn(alert, 'labels', 'alertname');
    const where = textIn(alert, 'dashboardURL') || textIn(alert, 'generatorURL');
    const labels = pairsOf(alert['labels'], ['alertname', 'grafana_folder']);
    return words(`- ${textIn(alert, 'status')}:`, said || name, labels, where);
  });
}

/** Labels as `(job=api, severity=page)`. */
function pairsOf(value: unknown, without: readonly string[]): string {
  const labels = Object.entries(fieldsOf(value)).filter(([name]) => !without.includes(name));
  const pairs = labels.map(([name, label]) => `${name}=${textIn(label)}`);
  return pairs.length === 0 ? '' : `(${pairs.join(', ')})`;
}
