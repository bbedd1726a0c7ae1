// The metrics of a node as text. Everything is asked for when it is read, and nothing is kept between:
// a node that nobody scrapes does not even load the library.
import type { Registry } from 'prom-client';
import type { Metrics } from '../../http/metrics.ts';
import { families } from './families.ts';
import type { Family, Snapshot } from './family.ts';
import { loopLookMs, processMetrics } from './process-families.ts';

interface Value {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export class NodeMetrics implements Metrics {
  readonly #look: () => Promise<Snapshot>;
  #process: Promise<() => Promise<string>> | undefined;

  constructor(look: () => Promise<Snapshot>) {
    this.#look = look;
  }

  async read(): Promise<{ contentType: string; text: string }> {
    const { Registry } = (await import('prom-client')).default;
    this.#process ??= openProcess();
    const readProcess = await this.#process;
    const snapshot = await this.#look();
    const registry = new Registry();
    for (const family of families) register(registry, family, snapshot);
    const text = [await registry.metrics(), await readProcess()].join('\n');
    return { contentType: registry.contentType, text };
  }
}

/** What is said of the process, from the first scrape on. */
async function openProcess(): Promise<() => Promise<string>> {
  const { collectDefaultMetrics, Registry } = (await import('prom-client')).default;
  const all = new Registry();
  collectDefaultMetrics({ register: all, eventLoopMonitoringPrecision: loopLookMs });
  return async () => {
    // Some are set while another one, which is left out, is asked.
    await all.getMetricsAsJSON();
    const chosen = [...processMetrics.keys()].filter((name) => all.getSingleMetric(name));
    const texts = await Promise.all(chosen.map((name) => all.getSingleMetricAsString(name)));
    return `${texts.join('\n\n')}\n`;
  };
}

/** A registry only asks a metric for its name, its help, its type and its values. */
function register(registry: Registry, family: Family, snapshot: Snapshot): void {
  const { name, help, type } = family;
  const values = valuesOf(family, snapshot);
  const metric = { name, help, type, get: () => Promise.resolve({ name, help, type, values }) };
  registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0]);
}

function valuesOf(family: Family, snapshot: Snapshot): Value[] {
  if (family.type !== 'histogram') {
    return family.read(snapshot).map(({ value, labels = {} }) => ({ value, labels }));
  }
  const { name } = family;
  return family.read(snapshot).flatMap(({ view, labels = {} }) => {
    let sum = 0;
    const buckets = view.counts.map((count, i): Value => {
      sum += count;
      const le = view.bounds[i] ?? '+Inf';
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: sum };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: view.sum },
      { metricName: `${name}_count`, labels, value: sum },
    ];
  });
}
