import { ReleaseError } from './errors.js';

const UNRELEASED = '## Unreleased';

/**
 * The changelog with what stood under _Unreleased_ under the version, and nothing under _Unreleased_
 * (Keep a Changelog 1.1.0).
 *
 * @param date  YYYY-MM-DD
 * @throws ReleaseError `changelogEmpty`
 */
export function released(changelog: string, version: string, date: string): string {
  const [before, after] = changelog.split(`${UNRELEASED}\n`);
  const changes = after?.split(/^## /m)[0]?.trim();
  if (before === undefined || after === undefined || !changes) {
    throw new ReleaseError(
      'changelogEmpty',
      { version },
      `CHANGELOG.md has nothing under "${UNRELEASED}"; say there what people will notice in ${version}.`,
    );
  }
  return `${before}${UNRELEASED}\n\n## ${version} (${date})\n${after}`;
}
