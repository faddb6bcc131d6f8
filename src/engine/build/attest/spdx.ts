import { createHash } from 'node:crypto';
import type { Package } from './packages/package.ts';

const ROOT = 'SPDXRef-DocumentRoot';

interface Described {
  /** What was looked at: a stage's name, or that of the image. */
  readonly name: string;
  /** Tells its content from other content. */
  readonly identity: string;
  /** RFC 3339. */
  readonly created: string;
  /** `berth-0.1.0` */
  readonly tool: string;
}

/** A list of software as a document of SPDX 2.3: https://spdx.github.io/spdx-spec/v2.3/ */
export function spdxDocument(
  packages: readonly Package[],
  { name, identity, created, tool }: Described,
): object {
  const elements = packages.map(elementOf);
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `urn:uuid:${uuidOf(`${identity} ${created} ${name}`)}`,
    creationInfo: { created: created.replace(/\.\d+/, ''), creators: [`Tool: ${tool}`] },
    packages: [
      {
        SPDXID: ROOT,
        name,
        downloadLocation: 'NOASSERTION',
        filesAnalyzed: false,
        licenseConcluded: 'NOASSERTION',
        licenseDeclared: 'NOASSERTION',
        copyrightText: 'NOASSERTION',
        primaryPackagePurpose: 'CONTAINER',
      },
      ...elements,
    ],
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', ROOT),
      ...elements.map(({ SPDXID }) => relation(ROOT, 'CONTAINS', SPDXID)),
    ],
  };
}

function elementOf({ name, version, url, license, supplier, source }: Package) {
  const hash = createHash('sha256').update(url).digest('hex').slice(0, 16);
  return {
    SPDXID: `SPDXRef-Package-${hash}`,
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: isExpression(license) ? license : 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    ...(supplier !== '' && { originator: `Person: ${supplier.replace(/\s*<([^>]*)>.*$/, ' ($1)')}` }),
    sourceInfo: `from /${source}`,
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: url }],
  };
}

/** `MIT`, `(MIT OR Apache-2.0)`: what else packages say of their licence is no expression of SPDX. */
const isExpression = (license: string): boolean =>
  /^\(*[A-Za-z0-9.+-]+\)*(?: (?:AND|OR|WITH) \(*[A-Za-z0-9.+-]+\)*)*$/.test(license) &&
  !/^(?:custom|unlicensed|proprietary)$/i.test(license);

const relation = (spdxElementId: string, relationshipType: string, relatedSpdxElement: string) => ({
  spdxElementId,
  relationshipType,
  relatedSpdxElement,
});

/** The same for the same content: a document is called by what it says. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 3) | 8).toString(16);
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ];
  return parts.join('-');
}
