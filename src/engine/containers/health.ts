import { setTimeout as delay } from 'node:timers/promises';
import type { HealthcheckConfig } from '#engine/images';
import { messageOf } from '#lib/errors';
import { now, nowNano, parseTime } from '#lib/time';
import { ProcessHandle } from '#linux/process';
import type { Context } from './context.ts';
import { createExec, getExec, startExec } from './exec.ts';
import {
  afterProbe,
  isProbed,
  OUTPUT_LIMIT,
  type Probe,
  probeCommand,
  probeDelay,
  withDefaults,
} from './health-state.ts';
import type { OutputRecord } from './output.ts';
import type { ContainerRecord } from './record.ts';
import type { Run } from './run.ts';
import { advance, canHappen } from './state.ts';

const SIGKILL = 9;

/** Probes a container until its run ends, if it has something to probe. */
export function monitorHealth(context: Context, run: Run): void {
  const check = context.store.get(run.id).config.healthcheck;
  if (!isProbed(check)) return;
  const stop = AbortSignal.any([run.ended, context.closing.signal]);
  probeForever(context, run.id, check, stop).catch((error: unknown) => {
    if (!stop.aborted) {
      context.options.log.warn('health check ended', { container: run.id, error: messageOf(error) });
    }
  });
}

async function probeForever(
  context: Context,
  id: string,
  check: HealthcheckConfig,
  stop: AbortSignal,
): Promise<void> {
  for (;;) {
    const { state } = context.store.get(id);
    if (!state.health) return;
    await delay(probeDelay(state.health, check, sinceStart(state.startedAt)) / 1e6, undefined, {
      signal: stop,
    });
    // Nothing in a paused container can answer.
    if (context.store.get(id).state.status !== 'running') continue;
    const probe = await runProbe(context, context.store.get(id), check, stop);
    if (stop.aborted) continue;
    count(context, probe);
    record(context, id, check, probe);
  }
}

function count({ options }: Context, { exitCode }: Probe): void {
  options.metrics.healthChecks.increment();
  if (exitCode !== 0) options.metrics.healthChecksFailed.increment();
}

const sinceStart = (startedAt: string): number => Number(nowNano() - (parseTime(startedAt) ?? 0n));

function record(context: Context, id: string, check: HealthcheckConfig, probe: Probe): void {
  const before = context.store.byId(id);
  if (!before?.state.health || !canHappen(before.state, 'probed')) return;
  const elapsed = Number((parseTime(probe.start) ?? 0n) - (parseTime(before.state.startedAt) ?? 0n));
  const health = afterProbe(before.state.health, probe, check, elapsed);
  const changed = health.status !== before.state.health.status;
  const after = { ...before, state: advance(before.state, { type: 'probed', health }) };
  context.store.save(after, ...(changed ? [{ action: `health_status: ${health.status}` }] : []));
}

async function runProbe(
  context: Context,
  { id, config }: ContainerRecord,
  check: HealthcheckConfig,
  stop: AbortSignal,
): Promise<Probe> {
  const start = now();
  const end = (exitCode: number, output: string): Probe => ({ start, end: now(), exitCode, output });
  try {
    const execId = await createExec(context, id, { cmd: probeCommand(check.test, config.shell) });
    await using session = await startExec(context, execId, { detach: false });
    if (!session) return end(-1, '');
    const output = collect(session.output);
    const { timeout } = withDefaults(check);
    const code = await withTimeout(session.exited, timeout / 1e6, stop);
    if (code !== undefined) return end(code, await output);
    kill(getExec(context, execId).pid);
    return end(-1, `Health check exceeded timeout (${timeout / 1e9}s)`);
  } catch (error) {
    return end(-1, messageOf(error));
  }
}

/** undefined when the time is over. Milliseconds. */
async function withTimeout<T>(work: Promise<T>, timeout: number, stop: AbortSignal): Promise<T | undefined> {
  const done = new AbortController();
  try {
    const signal = AbortSignal.any([done.signal, stop]);
    return await Promise.race([work, delay(timeout, undefined, { signal })]);
  } finally {
    done.abort();
  }
}

function kill(pid: number): void {
  using process = pid > 0 ? ProcessHandle.open(pid) : undefined;
  process?.signal(SIGKILL);
}

/** The first bytes of what a probe writes; the rest is read and dropped, so that it does not block. */
async function collect(output: AsyncIterable<OutputRecord>): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const { data } of output) {
      if (size < OUTPUT_LIMIT) parts.push(data.subarray(0, OUTPUT_LIMIT - size));
      size += data.length;
    }
  } catch {
    // A probe that took too long is not read to its end.
  }
  const text = Buffer.concat(parts).toString();
  return size > OUTPUT_LIMIT ? `${text}...` : text;
}
