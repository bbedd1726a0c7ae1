// What the surface needs to answer GET /metrics. An interface: the node gathers the figures.

export interface Metrics {
  /** The figures of this moment, in Prometheus' text format. */
  read(): Promise<{ readonly contentType: string; readonly text: string }>;
}
