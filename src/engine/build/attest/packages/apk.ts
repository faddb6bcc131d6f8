import { type Distribution, distroOf, type Package, purl } from './package.ts';

/** What apk has installed: paragraphs of `P:name`, `V:version`, one letter each. */
export function parseApkInstalled(text: string, source: string, distribution: Distribution): Package[] {
  return text.split(/\n{2,}/).flatMap((paragraph) => {
    const value = (letter: string): string =>
      new RegExp(`^${letter}:(.*)$`, 'm').exec(paragraph)?.[1]?.trim() ?? '';
    const [name, version, origin] = [value('P'), value('V'), value('o')];
    if (name === '' || version === '') return [];
    const upstream = origin === name ? '' : origin;
    const qualifiers = { arch: value('A'), distro: distroOf(distribution), upstream };
    const url = purl('apk', [distribution.id || 'alpine', name], version, qualifiers);
    return [{ name, version, url, license: value('L'), supplier: value('m'), source }];
  });
}
