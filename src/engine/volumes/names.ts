import { invalid } from '#lib/errors';

/** Longest name of a file on Linux (NAME_MAX). */
const LIMIT = 255;

/** @throws invalid with Docker's text */
export function checkVolumeName(name: string): void {
  if (name.length === 1) {
    throw invalid('volume name is too short, names should be at least two alphanumeric characters');
  }
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw invalid(
      `create ${name}: ${JSON.stringify(name)} includes invalid characters for a local volume name, only ` +
        '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
    );
  }
  if (name.length > LIMIT) throw invalid(`create ${name}: a volume name has at most ${LIMIT} characters`);
}
