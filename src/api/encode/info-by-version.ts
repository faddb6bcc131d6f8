import type { SystemInfo } from '#protocol';
import type { Since } from '../decode/by-version/since.ts';

/** `info` as clients of a version know it: with the fields that were there once, without those that came later. */
export function infoForVersion(info: SystemInfo, since: Since): object {
  const { CDISpecDirs, FirewallBackend, ContainerdCommit, RuncCommit, InitCommit, ...rest } = info;
  const commit = ({ ID }: { readonly ID: string }) => (since('1.49') ? { ID } : { ID, Expected: ID });
  return {
    ...rest,
    ...(!since('1.50') && { BridgeNfIptables: false, BridgeNfIp6tables: false }),
    ContainerdCommit: commit(ContainerdCommit),
    RuncCommit: commit(RuncCommit),
    InitCommit: commit(InitCommit),
    RegistryConfig: {
      ...(!since('1.49') && {
        AllowNondistributableArtifactsCIDRs: null,
        AllowNondistributableArtifactsHostnames: null,
      }),
      ...info.RegistryConfig,
    },
    ...(since('1.44') && { CDISpecDirs }),
    ...(since('1.49') && { FirewallBackend }),
  };
}
