import { Workspace, stop } from './support/workspace.ts';
import { JsonLines } from './support/lines.ts';
import { HttpClient } from './support/http-client.ts';
import { randomText } from './support/prepare.ts';
import { readFileSync } from 'node:fs';
import { median, percentile } from './support/statistics.ts';
const w = new Workspace(undefined);
const targets: { name: string; port: number; child: any; r: number[]; p: number[] }[] = [];
for (const dist of process.argv.slice(2)) {
  if (dist === 'bare') {
    const c = w.spawnScript('bare-http', w.path('bare'));
    const { port } = (await new JsonLines(c, 'b').read()) as any;
    targets.push({ name: dist, port, child: c, r: [], p: [] });
    continue;
  }
  const c = w.spawn([
    `${dist}/cli.js`,
    'run',
    '--json',
    '--log-level',
    'error',
    '--data',
    w.path('d'),
    '--http',
    '127.0.0.1:0',
    '--listen',
    '127.0.0.1:0',
  ]);
  const l = (await new JsonLines(c, 'n').read()) as any;
  targets.push({ name: dist, port: Number(new URL(l.http).port), child: c, r: [], p: [] });
}
const conns = Number(process.env.CONNS ?? 16);
const cpu = (pid: number) => {
  const st = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const f = st.slice(st.lastIndexOf(')') + 2).split(' ');
  return (Number(f[11]) + Number(f[12])) * 10;
};
async function load(port: number, ms: number) {
  const clients = Array.from({ length: conns }, () => new HttpClient('127.0.0.1', port));
  const bodies = Array.from({ length: 256 }, () => JSON.stringify({ text: randomText() }));
  const lat: number[] = [];
  const t0 = performance.now();
  const dl = t0 + ms;
  await Promise.all(
    clients.map(async (c) => {
      const rq = bodies.map((b) => c.build('POST', '/messages', b));
      for (let i = 0; performance.now() < dl; i++) {
        const s = performance.now();
        const a = await c.send(rq[i % rq.length]!);
        if (a.status !== 201) throw new Error(a.body);
        lat.push(performance.now() - s);
      }
      c.close();
    }),
  );
  return {
    r: lat.length / ((performance.now() - t0) / 1000),
    p: percentile(lat, 99),
    n: lat.length,
  };
}
for (let k = 0; k < 8; k++)
  for (const t of targets) {
    const c0 = cpu(t.child.pid);
    const x = await load(t.port, 1000);
    if (k > 0) {
      (t as any).c = ((t as any).c ?? 0) + cpu(t.child.pid) - c0;
      (t as any).n = ((t as any).n ?? 0) + x.n;
      t.r.push(x.r);
      t.p.push(x.p);
    }
  }
for (const t of targets) {
  console.log(
    t.name,
    median(t.r).toFixed(0),
    'p99',
    median(t.p).toFixed(1),
    'cpu us/post',
    (((t as any).c * 1000) / (t as any).n).toFixed(0),
    t.r.map((x) => x.toFixed(0)).join(' '),
  );
}
for (const t of targets) await stop(t.child);
await w.close();
