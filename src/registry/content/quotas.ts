import { formatSize } from '#lib/sizes';
import { Refusal } from '../errors.ts';
import type { Catalogue } from './catalogue.ts';
import { matches } from './pattern.ts';

export interface Quota {
  /** Pattern of repository names: `team/*`. */
  readonly repositories: string;
  /** Bytes of blobs and manifests. What several repositories share counts once. */
  readonly limit: number;
  /** Each repository has the limit for itself. */
  readonly each: boolean;
}

/** What counts against one limit. */
interface Account {
  readonly limit: number;
  readonly holders: Map<string, { readonly size: number; readonly repositories: Set<string> }>;
  total: number;
}

/** How much repositories may hold. Kept in memory; counted from the records at the start. */
export class Quotas {
  readonly #quotas: readonly Quota[];
  readonly #accounts = new Map<string, Account>();

  private constructor(quotas: readonly Quota[]) {
    this.#quotas = quotas;
  }

  static async open(quotas: readonly Quota[], catalogue: Catalogue): Promise<Quotas> {
    const opened = new Quotas(quotas);
    if (quotas.length === 0) return opened;
    for (const repository of await catalogue.repositories.list([])) {
      if (opened.#of(repository).length === 0) continue;
      for (const shelf of [catalogue.links, catalogue.manifests]) {
        for (const digest of await shelf.list([repository])) {
          const record = await shelf.get(repository, digest);
          if (record) opened.#add(repository, digest, record.size);
        }
      }
    }
    return opened;
  }

  /** Bytes that may still come; undefined without a limit. What a quota counts already (`digest`) costs nothing. */
  left(repository: string, digest?: string): number | undefined {
    const accounts = this.#without(repository, digest);
    if (accounts.length === 0) return undefined;
    return Math.max(0, Math.min(...accounts.map(({ limit, total }) => limit - total)));
  }

  /** Counts what a repository gets. @throws DENIED when it would be too much; nothing is counted then */
  take(repository: string, digest: string, size: number): void {
    for (const { limit, total, holders } of this.#of(repository)) {
      if (holders.has(digest) || total + size <= limit) continue;
      throw overQuota(repository, limit, total);
    }
    this.#add(repository, digest, size);
  }

  release(repository: string, digest: string): void {
    for (const account of this.#of(repository)) {
      const holder = account.holders.get(digest);
      if (!holder?.repositories.delete(repository) || holder.repositories.size > 0) continue;
      account.holders.delete(digest);
      account.total -= holder.size;
    }
  }

  /** @throws DENIED when so many bytes more cannot be taken */
  expect(repository: string, size: number, digest?: string): void {
    const full = this.#without(repository, digest).find(({ limit, total }) => total + size > limit);
    if (full) throw overQuota(repository, full.limit, full.total);
  }

  /** Of those who hold something. */
  accounts(): { readonly name: string; readonly used: number; readonly limit: number }[] {
    return [...this.#accounts].map(([key, { limit, total }]) => {
      const [index, repository] = key.split(' ');
      return { name: repository ?? this.#quotas[Number(index)]?.repositories ?? '', used: total, limit };
    });
  }

  #add(repository: string, digest: string, size: number): void {
    for (const account of this.#of(repository)) {
      const holder = account.holders.get(digest);
      if (holder) holder.repositories.add(repository);
      else {
        account.holders.set(digest, { size, repositories: new Set([repository]) });
        account.total += size;
      }
    }
  }

  #without(repository: string, digest: string | undefined): Account[] {
    return this.#of(repository).filter(({ holders }) => digest === undefined || !holders.has(digest));
  }

  #of(repository: string): Account[] {
    return this.#quotas.flatMap((quota, i) => {
      if (!matches(quota.repositories, repository)) return [];
      const key = quota.each ? `${i} ${repository}` : `${i}`;
      const known = this.#accounts.get(key);
      if (known) return [known];
      const account: Account = { limit: quota.limit, holders: new Map(), total: 0 };
      this.#accounts.set(key, account);
      return [account];
    });
  }
}

const overQuota = (repository: string, limit: number, used: number): Refusal =>
  new Refusal(
    'DENIED',
    `the quota of ${repository} is used up: ${formatSize(used)} of ${formatSize(limit)}`,
    {
      detail: { repository, limit, used },
    },
  );
