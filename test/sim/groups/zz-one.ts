import { runGroups } from '/work/main/test/sim/groups/run.ts';
import { groupScheduleOf, quietGroups } from '/work/main/test/sim/groups/schedule.ts';
import { rememberSignatures } from '/work/main/test/sim/remember-signatures.ts';
rememberSignatures();
const [first='1', count='1', quiet] = process.argv.slice(2);
for (let seed = +first; seed < +first + +count; seed++) {
  const t = performance.now();
  let info = '';
  const broken = await runGroups(quiet ? {...quietGroups, seed} : groupScheduleOf(seed), {}, (w) => {
    info = JSON.stringify({ done: Object.fromEntries(w.done), refusals: Object.fromEntries(w.refusals) });
  }).catch((e) => [e.stack]);
  console.log(`seed ${seed} ${(performance.now() - t).toFixed(0)} ms ${broken.length} broken ${process.env.INFO ? info : ''}`);
  for (const line of broken.slice(0, +(process.env.LINES ?? 6))) console.log('   ' + line.slice(0, +(process.env.WIDTH ?? 1500)));
}
process.exit(0);
