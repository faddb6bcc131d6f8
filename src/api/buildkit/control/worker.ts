import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Engine } from '#engine';
import { hostPlatform } from '#oci/image';
import type { WorkerRecordSchema } from '#protocol/buildkit';

const NANOSECONDS = 1_000_000n;

/** This engine as the one worker that builds. */
export async function workerOf(engine: Engine): Promise<MessageInitShape<typeof WorkerRecordSchema>> {
  const { keep, unusedFor } = await engine.builder.policy();
  const { os, architecture, variant = '' } = hostPlatform();
  const [gateway] = engine.networks.hostGateways();
  return {
    id: engine.id,
    labels: {
      'org.mobyproject.buildkit.worker.executor': 'containers',
      // By this one buildx knows that archives, caches and images for several platforms are supported.
      'org.mobyproject.buildkit.worker.snapshotter': engine.snapshots.driver,
      ...(gateway !== undefined && { 'org.mobyproject.buildkit.worker.moby.host-gateway-ip': gateway }),
    },
    platforms: [{ os, architecture, variant }],
    gcPolicy: [
      { all: true, reservedSpace: BigInt(keep), maxUsedSpace: BigInt(keep) },
      { all: true, keepDuration: BigInt(unusedFor) * NANOSECONDS },
    ],
  };
}
