import { DEFAULT_TAG, familiarRepository, parseReference, type Reference } from '#oci/reference';
import { credentialsFor } from '../../config/credentials.ts';
import type { Context } from '../../context.ts';
import type { Output } from '../../output/output.ts';
import { printProgress } from '../../output/progress.ts';

export interface PullRequest {
  readonly platform?: string;
  readonly quiet?: boolean;
  readonly allTags?: boolean;
  /** Where progress goes. */
  readonly out: Output;
}

/** Pulls with the user's credentials. @throws invalid, ResponseError */
export async function pullImage(context: Context, name: string, request: PullRequest): Promise<Reference> {
  const parsed = parseReference(name);
  const implied = parsed.tag === undefined && parsed.digest === undefined && !request.allTags;
  const reference = implied ? { ...parsed, tag: DEFAULT_TAG } : parsed;
  const messages = context.client.images.pull({
    image: familiarRepository(reference),
    tag: reference.digest ?? reference.tag,
    platform: request.platform || undefined,
    auth: await credentialsFor(context, reference.domain),
  });
  await printProgress(request.out, messages, { quiet: request.quiet ?? false });
  return reference;
}
