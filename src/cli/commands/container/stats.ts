import { isKind } from '#lib/errors';
import type { ContainerStats } from '#protocol';
import { anyArguments, defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { describe, Exit } from '../../errors.ts';
import { bool } from '../../flags/flag.ts';
import { listFormat } from '../../output/format-flag.ts';
import { formatList } from '../../output/list.ts';
import { isTerminal } from '../../terminal/terminal.ts';
import { statsListing, statsRow } from './stats-row.ts';

const REFRESH_MS = 500;
/** How long a first sample of every container is waited for. */
const FIRST_MS = 1500;

export const command = defineCommand({
  usage: '[OPTIONS] [CONTAINER...]',
  args: anyArguments,
  completes: ['running'],
  flags: {
    all: bool('Show stopped containers too', { short: 'a' }),
    format: listFormat,
    'no-stream': bool('Show one sample and end'),
    'no-trunc': bool("Don't shorten anything"),
  },
  async run(context, { flags, args }) {
    const format = flags.format || (context.config.statsFormat ?? '');
    const board = new Board(context, flags['no-stream']);
    if (args.length > 0) for (const name of args) board.watch(name);
    else await board.watchAll(flags.all);
    const listing = statsListing;
    const show = async () => formatList(listing, board.rows(!flags['no-trunc']), { format });
    if (flags['no-stream']) {
      await board.settled();
      if (!board.empty) context.out.write(await show());
    } else await refresh(context, board, show, args.length > 0);
    return board.failures(context);
  },
});

/** Redraws until nothing is watched any more. */
async function refresh(
  { out }: Context,
  board: Board,
  show: () => Promise<string>,
  named: boolean,
): Promise<void> {
  const screen = await isTerminal(out.fd);
  await Promise.race([board.first(), sleep(FIRST_MS)]);
  for (;;) {
    if (!board.empty) out.write(screen ? redrawn(await show()) : await show());
    if (named && board.idle) return;
    await sleep(REFRESH_MS);
  }
}

/** Home, the lines each cleared to its end, and the rest of the screen cleared: no flicker. */
const redrawn = (text: string) => `\x1b[H${text.replaceAll('\n', '\x1b[K\n')}\x1b[J`;

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

interface Watched {
  readonly name: string;
  readonly done: Promise<void>;
  readonly first: Promise<void>;
  sample: ContainerStats | undefined;
  running: boolean;
}

/** The latest sample of every container. */
class Board {
  readonly #context: Context;
  readonly #once: boolean;
  readonly #watched = new Map<string, Watched>();
  readonly #failed: string[] = [];

  constructor(context: Context, once: boolean) {
    this.#context = context;
    this.#once = once;
  }

  watch(name: string): void {
    if (this.#watched.get(name)?.running) return;
    const { promise: first, resolve } = Promise.withResolvers<void>();
    const watched: Watched = {
      name,
      sample: undefined,
      running: true,
      first,
      done: this.#follow(name, resolve),
    };
    this.#watched.set(name, watched);
  }

  /** Every container, and those that start later. */
  async watchAll(stopped: boolean): Promise<void> {
    const { client } = this.#context;
    const events = this.#once
      ? undefined
      : await client.events.follow({ filters: new Map([['type', ['container']]]) });
    for (const { Id } of await client.containers.list({ all: stopped })) this.watch(Id);
    if (events) this.#followEvents(events, stopped).catch(() => {});
  }

  /** Nothing to show but what failed. */
  get empty(): boolean {
    return this.#watched.size === 0 && this.#failed.length > 0;
  }

  get idle(): boolean {
    return [...this.#watched.values()].every(({ running }) => !running);
  }

  async first(): Promise<void> {
    await Promise.all([...this.#watched.values()].map(({ first }) => first));
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#watched.values()].map(({ done }) => done));
  }

  rows(truncate: boolean) {
    return [...this.#watched.values()].map(({ name, sample }) => statsRow(name, sample, truncate));
  }

  failures({ err }: Context): number {
    for (const failure of new Set(this.#failed)) err.line(failure);
    return this.#failed.length > 0 ? 1 : 0;
  }

  async #follow(name: string, first: () => void): Promise<void> {
    // The watched entry is there from the next turn on.
    await Promise.resolve();
    const watched = this.#watched.get(name);
    try {
      for await (const sample of this.#context.client.containers.stats(name, { once: this.#once })) {
        if (watched) watched.sample = sample;
        first();
      }
    } catch (error) {
      if (isKind(error, 'not-found')) this.#watched.delete(name);
      this.#failed.push(describe(error));
    }
    if (watched) watched.running = false;
    first();
  }

  async #followEvents(
    events: AsyncIterable<{ Action: string; Actor: { ID: string } }>,
    stopped: boolean,
  ): Promise<void> {
    for await (const { Action, Actor } of events) {
      if (Action === 'start' || (stopped && Action === 'create')) this.watch(Actor.ID);
      if (Action === 'destroy' || (!stopped && Action === 'die')) this.#watched.delete(Actor.ID);
    }
    throw new Exit(1, 'the daemon ended');
  }
}
