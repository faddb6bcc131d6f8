import { messageOf } from '#lib/errors';
import { IdleProcess } from '#lib/idle-process';
import type { Logger } from '#lib/log';
import { Nftables } from '#linux/nftables';
import type { ExplainOptions, HostExplanation } from './explain.ts';
import type { EvaluateOptions, HostProcess, HostVerdict } from './host-process.ts';
import { hasLegacyRules } from './legacy-rules.ts';
import { isOurTable } from './ours.ts';
import { readAgain } from './rules.ts';

const HOOKS: ReadonlySet<string> = new Set(['input', 'prerouting', 'forward']);

/** The firewall of the host, which belongs to its administrator: read, asked, and nearly never changed. */
export class HostFirewall implements AsyncDisposable {
  readonly #process = new IdleProcess<HostProcess>(new URL('./host-process.ts', import.meta.url));
  readonly #log: Logger;
  #said = '';

  constructor(log: Logger) {
    this.#log = log;
  }

  /** What its rules mean for us now. Never fails: what cannot be known lets nobody in. */
  async evaluate(options: EvaluateOptions): Promise<HostVerdict> {
    if (!(await this.#hasRules(options))) return { forward: { chains: [], problems: [] }, problems: [] };
    const verdict = await this.#process.call('evaluate', options);
    this.#report(verdict);
    return verdict;
  }

  /** Who would be let in to a port, and by which rule: asked of a copy of the rules, now. */
  explain(question: ExplainOptions): Promise<HostExplanation> {
    return this.#process.call('explain', question);
  }

  /** Most hosts that run containers have no rules of their own: that is quick to see, without a process. */
  async #hasRules({ ours }: EvaluateOptions): Promise<boolean> {
    if (await hasLegacyRules()) return true;
    using nft = new Nftables();
    const chains = readAgain(() => nft.query('list chains')) as {
      chain?: { table: string; hook?: string };
    }[];
    const isOurs = isOurTable(ours);
    return chains.some(({ chain }) => chain && HOOKS.has(chain.hook ?? '') && !isOurs(chain.table));
  }

  /** Each state of things once. */
  #report({ problems, forward }: HostVerdict): void {
    const all = [...problems, ...forward.problems];
    const text = JSON.stringify([problems, forward]);
    if (text === this.#said) return;
    this.#said = text;
    if (forward.chains.length > 0) {
      this.#log.info('the host drops forwarded packets: a rule in its chains accepts those of containers', {
        chains: forward.chains.join(', '),
      });
    }
    if (problems.length > 0) {
      this.#log.warn('the rules of the host cannot be understood: no published port is open to other hosts', {
        problems: problems.join('; '),
      });
    }
    for (const problem of forward.problems) {
      this.#log.warn('the host drops packets of containers, and the rule that accepts them cannot be added', {
        problem,
        reason: messageOf(all[0]),
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
