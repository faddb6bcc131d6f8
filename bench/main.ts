import { parseArgs } from 'node:util';
import { busyboxRootfs } from '../scripts/busybox-image.ts';
import { debianArchive } from './debian.ts';
import { type Peer, run } from './peer.ts';
import { startBerth } from './peers/berth.ts';
import { prepareCrun } from './peers/crun.ts';
import { startDocker } from './peers/docker.ts';
import { startPodman } from './peers/podman.ts';
import { median, sample } from './sample.ts';
import { type Row, scenarios } from './scenarios/index.ts';
import { type Column, table } from './table.ts';

const { values: flags } = parseArgs({
  options: {
    peers: { type: 'string', default: 'berth,docker,podman' },
    only: { type: 'string', default: Object.keys(scenarios).join(',') },
    rounds: { type: 'string', default: '2' },
    cache: { type: 'string', default: '/var/tmp/berth-bench' },
  },
});

const starts: Record<string, () => Promise<Peer>> = {
  berth: startBerth,
  docker: startDocker,
  podman: startPodman,
};
const rounds = Number(flags.rounds);
const chosen = flags.only.split(',');
const say = (text: string) => process.stderr.write(`${text}\n`);

async function measure(start: () => Promise<Peer>, rootfs: Buffer, debian: string): Promise<Column> {
  await using peer = await start();
  say(`== ${peer.version}`);
  await run([...peer.command, 'import', '-', 'busybox:latest'], rootfs);
  const rows: Row[] = [];
  for (const name of chosen) {
    const scenario = scenarios[name];
    if (!scenario) throw new Error(`no such scenario: ${name} (known: ${Object.keys(scenarios).join(', ')})`);
    const measured = await scenario(peer, { debian, rounds });
    for (const row of measured) say(`   ${row.what}: ${row.value.toPrecision(3)} ${row.unit}`);
    rows.push(...measured);
  }
  return { name: peer.version, rows };
}

async function floor(rootfs: Buffer, tar: string | undefined): Promise<Column> {
  await using crun = await prepareCrun(rootfs);
  const batch = 20;
  const taken = await sample(3 * rounds, () => run([...crun.command, String(batch)]));
  const value = median(taken) / batch;
  const rows: Row[] = [
    { what: 'run --rm busybox true', unit: 'ms', value },
    { what: 'API create + start + wait + remove', unit: 'ms', value },
  ];
  if (tar) {
    const directory = `${flags.cache}/unpacked`;
    const unpack = await sample(1, () =>
      run(['sh', '-c', `mkdir -p ${directory} && tar -xf ${tar} -C ${directory}`]),
    );
    await run(['rm', '-rf', directory]);
    rows.push({ what: 'load of a Debian image', unit: 's', value: median(unpack) / 1000 });
  }
  return { name: 'floor: crun run, tar', rows };
}

const rootfs = await busyboxRootfs();
const debian = chosen.includes('unpack') ? await debianArchive(flags.cache) : undefined;
const columns: Column[] = [];
for (const name of flags.peers.split(',')) {
  const start = starts[name];
  if (!start) throw new Error(`no such peer: ${name} (known: ${Object.keys(starts).join(', ')})`);
  columns.push(await measure(start, rootfs, debian?.archive ?? ''));
}
columns.push(await floor(rootfs, debian?.tar));
console.log(table(columns));
