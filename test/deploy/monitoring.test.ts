// What Prometheus and Grafana are given, against the metrics that there are.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { families } from '../../src/node/metrics/families.ts';
import { processMetrics } from '../../src/node/metrics/process-families.ts';
import { hasProgram, runProgramOf } from '../support/programs.ts';

/** The names that an expression of PromQL asks for. */
function namesIn(expression: string): string[] {
  const bare = expression.replace(/"[^"]*"/g, '').replace(/\{[^}]*\}|\bby ?\([^)]*\)/g, '');
  return [...bare.matchAll(/\b(?:skychat|process|nodejs)_\w+/g)].map(([name]) => name);
}

const known = new Set([
  ...processMetrics.keys(),
  ...families.flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
]);

/** The values of every `expr` in a JSON value. */
function expressionsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    key === 'expr' && typeof each === 'string' ? [each] : expressionsIn(each),
  );
}

test('every panel of the dashboard asks for metrics that there are, with labels that they have', () => {
  const dashboard: unknown = JSON.parse(readFileSync('deploy/grafana.json', 'utf8'));
  const expressions = expressionsIn(dashboard);
  expect(expressions.length).toBeGreaterThan(20);
  for (const expression of expressions) {
    const names = namesIn(expression);
    expect(names.length, expression).toBeGreaterThan(expression.startsWith('up{') ? -1 : 0);
    for (const name of names) expect(known, expression).toContain(name);
    expectLabels(expression);
  }
  expect(JSON.stringify(dashboard)).not.toContain('$instance"})]');
});

test('every alert asks for metrics that there are', () => {
  const rules = readFileSync('deploy/alerts.yml', 'utf8');
  const names = namesIn(rules.replace(/summary:.*|action:.*/g, ''));
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) expect(known).toContain(name);
});

function expectLabels(expression: string): void {
  const labels = new Set(families.flatMap((family) => family.labels));
  for (const label of ['instance', 'job', 'le']) labels.add(label);
  for (const [, list = ''] of expression.matchAll(/\bby ?\(([^)]*)\)/g)) {
    for (const label of list.split(', ')) expect(labels, expression).toContain(label);
  }
  for (const [, label = ''] of expression.matchAll(/[{,](\w+)=/g)) {
    expect(labels, expression).toContain(label);
  }
}

test.skipIf(!hasProgram('promtool', 'the check of the alerts'))(
  'promtool takes the alerts and the configuration',
  () => {
    expect(runProgramOf('promtool', ['check', 'rules', 'deploy/alerts.yml']).status).toBe(0);
    expect(runProgramOf('promtool', ['check', 'config', 'deploy/prometheus.yml']).status).toBe(0);
  },
);
