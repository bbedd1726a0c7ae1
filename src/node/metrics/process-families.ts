// What prom-client itself says of the process: a choice of it, in its words. The rest is left out: it
// grows with every socket, or has a name that `promtool check metrics` refuses.

/** By name, with what it says. */
export const processMetrics: ReadonlyMap<string, string> = new Map([
  ['process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.'],
  ['process_start_time_seconds', 'Start time of the process since unix epoch in seconds.'],
  ['process_resident_memory_bytes', 'Resident memory size in bytes.'],
  ['process_open_fds', 'Number of open file descriptors.'],
  ['process_max_fds', 'Maximum number of open file descriptors.'],
  ['nodejs_eventloop_lag_max_seconds', 'The maximum recorded event loop delay.'],
  ['nodejs_eventloop_lag_p50_seconds', 'The 50th percentile of the recorded event loop delays.'],
  ['nodejs_eventloop_lag_p99_seconds', 'The 99th percentile of the recorded event loop delays.'],
  ['nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.'],
  ['nodejs_external_memory_bytes', 'Node.js external memory size in bytes.'],
]);

/** Milliseconds between two looks at the event loop; each wakes an idle process. */
export const loopLookMs = 20;
