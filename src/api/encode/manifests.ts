import type { Attestation, ManifestSummary, Verification } from '#engine/images';
import type { Descriptor, ImageVerification, ManifestSummary as WireSummary } from '#protocol';

export function manifestSummary(summary: ManifestSummary): WireSummary {
  const { descriptor, available, contentSize, ownSize, kind, image, subject } = summary;
  return {
    ID: descriptor.digest,
    Descriptor: wireDescriptor(descriptor),
    Available: available,
    Size: { Content: contentSize, Total: ownSize + (image?.unpackedSize ?? 0) },
    Kind: kind,
    ...(image && {
      ImageData: {
        Platform: image.platform,
        Size: { Unpacked: image.unpackedSize },
        Containers: image.containers,
      },
    }),
    ...(subject !== undefined && { AttestationData: { For: subject } }),
  };
}

function wireDescriptor({
  mediaType,
  digest,
  size,
  platform,
  annotations,
}: ManifestSummary['descriptor']): Descriptor {
  return {
    mediaType,
    digest,
    size,
    ...(annotations && { annotations }),
    ...(platform && {
      platform: {
        architecture: platform.architecture,
        os: platform.os,
        ...(platform.variant && { variant: platform.variant }),
      },
    }),
  };
}

export const imageVerification = ({ checked, unchecked, damages }: Verification): ImageVerification => ({
  Checked: checked,
  Unchecked: unchecked,
  Damages: damages.map(({ digest, kind, problem, images, repaired, remark }) => ({
    Digest: digest,
    Kind: kind,
    Problem: problem,
    Images: images,
    Repaired: repaired,
    Remark: remark,
  })),
});

/** One row of GET /images/{name}/attestations, as text: a statement is told as it is stored, digit by digit. */
export function attestationText({ descriptor, predicateType, statement }: Attestation): string {
  const row = JSON.stringify({ Descriptor: wireDescriptor(descriptor), PredicateType: predicateType });
  return statement === undefined ? row : `${row.slice(0, -1)},"Statement":${statement}}`;
}
