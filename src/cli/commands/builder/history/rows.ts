import { humanDuration } from '#lib/durations';
import type { BuildHistoryEntry } from '#protocol';
import type { Listing, Row } from '../../../output/list.ts';
import { ago } from '../../../output/text.ts';

export const buildListing: Listing = {
  titles: {
    CompletedAt: 'COMPLETED AT',
    CreatedAt: 'CREATED AT',
    CreatedSince: 'CREATED',
    Duration: 'DURATION',
    ID: 'BUILD ID',
    ImageID: 'IMAGE ID',
    Name: 'NAME',
    Platforms: 'PLATFORMS',
    Status: 'STATUS',
    Steps: 'STEPS',
  },
  columns: ['ID', 'Name', 'Status', 'Steps', 'CreatedSince', 'Duration'],
  quiet: 'ID',
};

export function buildRow(build: BuildHistoryEntry): Row {
  const { Total, Completed, Cached } = build.Steps;
  return {
    CompletedAt: build.CompletedAt,
    CreatedAt: build.CreatedAt,
    CreatedSince: ago(Date.parse(build.CreatedAt) / 1000),
    Duration: durationOf(build),
    ID: build.ID,
    ImageID: build.ImageID,
    Name: build.Name,
    Platforms: build.Platforms.join(','),
    Status: build.Status,
    Steps: `${Completed}/${Total}${Cached > 0 ? ` (${Cached} cached)` : ''}`,
  };
}

/** Short ones in seconds with a digit more, as builds often are. */
function durationOf({ CreatedAt, CompletedAt }: BuildHistoryEntry): string {
  if (CompletedAt === '') return '';
  const ms = Date.parse(CompletedAt) - Date.parse(CreatedAt);
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)}s` : humanDuration(ms);
}
