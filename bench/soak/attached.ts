import { FrameDecoder } from '#protocol';
import type { EngineApi } from '../engine-api.ts';
import { timed } from '../measurement.ts';

export interface AttachResult {
  /** Of all clients together. */
  readonly bytesPerSecond: number;
  /** What clients did not see as it was written; empty when nothing was lost. */
  readonly losses: readonly string[];
}

/** Each line has its number, so that one that is missing, doubled or out of order is seen. */
const writer = (lines: number) => `seq 0 ${lines - 1} | sed 's/$/ ${'.'.repeat(80)}/'`;

/** So many containers that write as fast as they can, a client attached to each; then each log is read once more. */
export async function attachAll(api: EngineApi, clients: number, lines: number): Promise<AttachResult> {
  const ids = await Promise.all(
    Array.from({ length: clients }, () =>
      api.create(['sh', '-c', writer(lines)], {
        LogConfig: { Type: 'json-file', Config: { 'max-size': '1g' } },
      }),
    ),
  );
  const losses: string[] = [];
  let bytes = 0;
  const follow = async (id: string, client: number) => {
    const check = new LineCheck();
    const stream = await api.attach(id);
    const decoder = new FrameDecoder();
    const ended = (async () => {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        for (const { data } of decoder.push(chunk)) check.take(data);
      }
    })();
    await api.start(id);
    await ended;
    await api.wait(id);
    const problem = check.problem(lines);
    if (problem) losses.push(`client ${client}: ${problem}`);
  };
  const took = await timed(() => Promise.all(ids.map(follow)));
  for (const id of ids) {
    const check = new LineCheck();
    for (const { data } of new FrameDecoder().push(await api.raw('GET', `/containers/${id}/logs?stdout=1`)))
      check.take(data);
    const problem = check.problem(lines);
    if (problem) losses.push(`log of ${id.slice(0, 12)}: ${problem}`);
    await api.remove(id);
  }
  return { bytesPerSecond: (bytes * 1000) / took, losses };
}

class LineCheck {
  #rest = '';
  #next = 0;
  #wrong: string | undefined;

  take(data: Buffer): void {
    const lines = (this.#rest + data.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith(`${this.#next} `))
        this.#wrong ??= `line ${this.#next} was expected, not ${line.slice(0, 20)}`;
      this.#next++;
    }
  }

  problem(lines: number): string | undefined {
    if (this.#wrong) return this.#wrong;
    return this.#next === lines ? undefined : `${this.#next} of ${lines} lines`;
  }
}
