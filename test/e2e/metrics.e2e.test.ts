import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile({ flags: ['--metrics-addr', '127.0.0.1:0'] });

interface Family {
  readonly type: string;
  readonly samples: Map<string, number>;
}

/** Reads the text format 0.0.4 and holds it to its rules: each family once, help and type before its samples. */
function parse(text: string): Map<string, Family> {
  assert.ok(text.endsWith('\n'));
  const families = new Map<string, Family>();
  let current = '';
  let helped = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const [, help] = /^# HELP ([a-z_]+) \S.*$/.exec(line) ?? [];
    if (help) {
      helped = help;
      continue;
    }
    const [, name, type] = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (name && type) {
      assert.equal(helped, name);
      assert.ok(!families.has(name), `${name} comes twice`);
      families.set(name, { type, samples: new Map() });
      current = name;
      continue;
    }
    const [, sample = '', labels = '', value = ''] =
      /^([a-z_]+)((?:\{[a-z_]+="(?:[^"\\]|\\[\\n"])*"(?:,[a-z_]+="(?:[^"\\]|\\[\\n"])*")*\})?) (\S+)$/.exec(
        line,
      ) ?? [];
    const family = families.get(current);
    assert.ok(family, line);
    const suffix = sample.slice(current.length);
    assert.ok(
      sample.startsWith(current) &&
        (family.type === 'histogram' ? /^_(bucket|sum|count)$/ : /^$/).test(suffix),
      line,
    );
    const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
    assert.ok(!Number.isNaN(number), line);
    assert.ok(!family.samples.has(sample + labels), line);
    family.samples.set(sample + labels, number);
  }
  return families;
}

async function scrape(): Promise<{ text: string; families: Map<string, Family> }> {
  const url = daemon.log.match(/"url":"(http[^"]+)"/)?.[1] ?? '';
  const response = await fetch(url);
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  return { text, families: parse(text) };
}

it('engine, containers, health and process, under names that dashboards know', async () => {
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'up',
    '--health-cmd',
    'true',
    '--health-interval',
    '1s',
    'busybox',
    'sleep',
    '600',
  );
  await daemon.ok('run', '-d', '--name', 'held', 'busybox', 'sleep', '600');
  await daemon.ok('pause', 'held');
  await daemon.ok('run', '--name', 'over', 'busybox', 'true');
  await using _follower = daemon.spawn('events');
  const value = (families: Map<string, Family>, family: string, sample = family) =>
    families.get(family)?.samples.get(sample);
  await eventually('a health check and a subscriber', async () => {
    const { families } = await scrape();
    return (
      (value(families, 'engine_daemon_health_checks_total') ?? 0) > 0 &&
      value(families, 'engine_daemon_events_subscribers_total') === 1
    );
  });
  const { families, text } = await scrape();
  const states = Object.fromEntries(families.get('engine_daemon_container_states_containers')?.samples ?? []);
  assert.deepEqual(states, {
    'engine_daemon_container_states_containers{state="paused"}': 1,
    'engine_daemon_container_states_containers{state="running"}': 1,
    'engine_daemon_container_states_containers{state="stopped"}': 1,
  });
  const actions = 'engine_daemon_container_actions_seconds';
  assert.equal(value(families, actions, `${actions}_count{action="start"}`), 3);
  assert.equal(value(families, actions, `${actions}_bucket{action="start",le="+Inf"}`), 3);
  assert.equal(value(families, actions, `${actions}_count{action="delete"}`), 0);
  const network = 'engine_daemon_network_actions_seconds';
  assert.equal(value(families, network, `${network}_count{action="allocate"}`), 3);
  assert.equal(value(families, 'engine_daemon_health_checks_failed_total'), 0);
  assert.ok((value(families, 'engine_daemon_events_total') ?? 0) > 6);
  assert.ok((value(families, 'engine_daemon_engine_cpus_cpus') ?? 0) > 0);
  assert.match(text, /^engine_daemon_engine_info\{architecture="\w+",.*,os_type="linux",.*\} 1$/m);
  assert.ok((value(families, 'process_resident_memory_bytes') ?? 0) > 10e6);
  assert.ok((value(families, 'process_open_fds') ?? 0) > 5);
  const bounds = [...(families.get(actions)?.samples ?? [])].filter(([name]) =>
    name.includes('_bucket{action="start"'),
  );
  assert.ok(
    bounds.every(([, count], i) => i === 0 || count >= (bounds[i - 1]?.[1] ?? 0)),
    'buckets add up',
  );
  // Where Debian's prometheus is installed, its own tool has the last word.
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  const said = (checked.stderr ?? '').split('\n').filter(Boolean);
  // A name of dockerd's that is not as it should be.
  assert.deepEqual(
    said.filter((line) => !line.startsWith('engine_daemon_events_subscribers_total ')),
    [],
  );
  await daemon.ok('unpause', 'held');
});

it('answers nothing else', async () => {
  const url = daemon.log.match(/"url":"(http[^"]+)\/metrics"/)?.[1] ?? '';
  assert.equal((await fetch(`${url}/`)).status, 404);
  assert.equal((await fetch(`${url}/metrics`, { method: 'POST' })).status, 404);
});
