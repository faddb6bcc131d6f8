/** Labels and their values. */
export type Labels = Readonly<Record<string, string>>;

/** Prometheus' own for durations, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** One line of an answer: its value, and what is added to the metric's name. */
interface Sample {
  readonly suffix?: string;
  readonly labels?: Labels;
  readonly value: number;
}

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  samples(): readonly Sample[] | Promise<readonly Sample[]>;
}

/** Something that is counted and only grows. */
export class Counter {
  #value = 0;

  increment(): void {
    this.#value++;
  }

  get value(): number {
    return this.#value;
  }
}

/** How long something takes, by the kind of it. */
export class Timer {
  readonly #label: string;
  readonly #kinds = new Map<string, { readonly buckets: number[]; sum: number; count: number }>();

  /** @param kinds those that are shown before there was any of them */
  constructor(label: string, kinds: readonly string[]) {
    this.#label = label;
    for (const kind of kinds) this.#of(kind);
  }

  /** Notes how long it took when it succeeded, as Docker does. */
  async time<T>(kind: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await work();
    this.observe(kind, (performance.now() - began) / 1000);
    return result;
  }

  observe(kind: string, seconds: number): void {
    const entry = this.#of(kind);
    entry.sum += seconds;
    entry.count++;
    const bucket = BUCKETS.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) entry.buckets[bucket] = (entry.buckets[bucket] ?? 0) + 1;
  }

  samples(): Sample[] {
    return [...this.#kinds].flatMap(([kind, { buckets, sum, count }]) => {
      const labels = { [this.#label]: kind };
      let below = 0;
      return [
        ...BUCKETS.map((bound, i) => {
          below += buckets[i] ?? 0;
          return { suffix: '_bucket', labels: { ...labels, le: String(bound) }, value: below };
        }),
        { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
        { suffix: '_sum', labels, value: sum },
        { suffix: '_count', labels, value: count },
      ];
    });
  }

  #of(kind: string) {
    const known = this.#kinds.get(kind);
    if (known) return known;
    const entry = { buckets: BUCKETS.map(() => 0), sum: 0, count: 0 };
    this.#kinds.set(kind, entry);
    return entry;
  }
}

/** Metrics and their names, in Prometheus' text form. */
export class MetricRegistry {
  readonly #metrics: Metric[] = [];

  counter(name: string, help: string): Counter {
    const counter = new Counter();
    this.#metrics.push({ name, help, type: 'counter', samples: () => [{ value: counter.value }] });
    return counter;
  }

  timer(name: string, help: string, label: string, kinds: readonly string[]): Timer {
    const timer = new Timer(label, kinds);
    this.#metrics.push({ name, help, type: 'histogram', samples: () => timer.samples() });
    return timer;
  }

  /** What is looked up when somebody asks. */
  observed(
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    read: () => number | readonly Sample[] | Promise<number | readonly Sample[]>,
  ): void {
    const samples = async () => {
      const found = await read();
      return typeof found === 'number' ? [{ value: found }] : found;
    };
    this.#metrics.push({ name, help, type, samples });
  }

  /** Version 0.0.4 of the exposition format. */
  async exposition(): Promise<string> {
    const parts = await Promise.all(
      this.#metrics.map(async (metric) => {
        const { name, help, type } = metric;
        const lines = (await metric.samples()).map((sample) => render(name, sample));
        return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join('\n');
      }),
    );
    return `${parts.join('\n')}\n`;
  }
}

function render(name: string, { suffix = '', labels = {}, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escape(text)}"`);
  const shown = pairs.length > 0 ? `{${pairs.join(',')}}` : '';
  return `${name}${suffix}${shown} ${number(value)}`;
}

const escape = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const number = (value: number): string =>
  value === Number.POSITIVE_INFINITY ? '+Inf' : value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
