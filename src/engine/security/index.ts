// CONTRACT
import type { Logger } from '#lib/log';
/** Docker's default capability set, names with CAP_. */
export declare const defaultCapabilities: readonly string[];
export declare const maskedPaths: readonly string[];
export declare const readonlyPaths: readonly string[];
/** --cap-add/--cap-drop (names with or without CAP_, ALL) -> the set. Refuses unknown names. Capabilities the daemon lacks are dropped with a warning unless asked for by name. */
export declare function resolveCapabilities(options: {
  add: readonly string[];
  drop: readonly string[];
  privileged: boolean;
}): readonly string[];
export interface SecurityOptions {
  readonly seccomp:
    | { readonly kind: 'default' }
    | { readonly kind: 'unconfined' }
    | { readonly kind: 'profile'; readonly json: string };
  readonly apparmor: string | undefined;
  readonly noNewPrivileges: boolean;
  readonly systempaths: 'default' | 'unconfined';
  readonly label: readonly string[];
}
/** Parses --security-opt values as the API carries them (`seccomp={...json}`, `no-new-privileges`, `apparmor=x`, `label=...`, `systempaths=unconfined`). @throws invalid */
export declare function parseSecurityOptions(values: readonly string[]): SecurityOptions;
/**
 * seccomp profiles in containers/common's JSON -> what crun needs. Compiling costs crun 10 ms, so the BPF is compiled once per profile,
 * capability set and architecture, cached on disk, and handed over as the annotation `run.oci.seccomp_bpf_data`.
 */
export declare class Seccomp {
  static open(options: { cacheRoot: string; defaultProfile?: string; log: Logger }): Promise<Seccomp>;
  /** Runtime-spec stanza and annotation. `bpf` absent: the runtime compiles it itself (not crun, or not cached yet). */
  prepare(
    profile: SecurityOptions['seccomp'],
    capabilities: readonly string[],
  ): Promise<{ readonly stanza: object | undefined; readonly annotations: Readonly<Record<string, string>> }>;
  /** Called after a successful create: keeps the BPF that crun left in its state directory (`seccomp.bpf`). */
  harvest(
    profile: SecurityOptions['seccomp'],
    capabilities: readonly string[],
    stateDirectory: string,
  ): Promise<void>;
}
export declare function apparmorEnabled(): boolean;
