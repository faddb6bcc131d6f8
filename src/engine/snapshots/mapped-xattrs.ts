import { type IdMap, OVERFLOW_ID, toContainerId, toHostId } from '#linux/ids';

/**
 * Extended attributes that hold ids. The kernel gives and takes them in our own user namespace's terms, archives
 * hold them in the container's.
 */
export function xattrInContainer(name: string, value: Uint8Array, map: IdMap): Uint8Array {
  if (name === CAPABILITY) return capabilityInContainer(Buffer.from(value), map);
  if (ACLS.has(name)) {
    return mapAcl(Buffer.from(value), ({ tag, id }) => toContainerId(rangesOf(tag, map), id) ?? OVERFLOW_ID);
  }
  return value;
}

/** Undefined: it names an id that the container does not have. */
export function xattrOnHost(name: string, value: Uint8Array, map: IdMap): Uint8Array | undefined {
  if (name === CAPABILITY) return capabilityOnHost(Buffer.from(value), map);
  if (!ACLS.has(name)) return value;
  let known = true;
  const mapped = mapAcl(Buffer.from(value), ({ tag, id }) => {
    const mappedId = toHostId(rangesOf(tag, map), id);
    known &&= mappedId !== undefined;
    return mappedId ?? id;
  });
  return known ? mapped : undefined;
}

const CAPABILITY = 'security.capability';

// struct vfs_ns_cap_data of linux/capability.h: le32 magic, four le32 of capabilities, le32 rootid (revision 3 only).
const REVISION_MASK = 0xff000000;
const REVISION_2 = 0x02000000;
const REVISION_3 = 0x03000000;
const SIZE_2 = 20;
const SIZE_3 = 24;

/** Revision 3 names the root that the capabilities are for; revision 2 means everybody's. */
function capabilityInContainer(value: Buffer, map: IdMap): Buffer {
  if (value.length !== SIZE_3 || revision(value) !== REVISION_3) return value;
  const root = toContainerId(map.uids, value.readUInt32LE(SIZE_2)) ?? OVERFLOW_ID;
  if (root !== 0) {
    value.writeUInt32LE(root, SIZE_2);
    return value;
  }
  return withRevision(value.subarray(0, SIZE_2), REVISION_2);
}

function capabilityOnHost(value: Buffer, map: IdMap): Buffer | undefined {
  const named = value.length === SIZE_3 && revision(value) === REVISION_3;
  if (!named && (value.length !== SIZE_2 || revision(value) !== REVISION_2)) return value;
  const root = toHostId(map.uids, named ? value.readUInt32LE(SIZE_2) : 0);
  if (root === undefined) return undefined;
  const mapped = Buffer.alloc(SIZE_3);
  value.copy(mapped, 0, 0, SIZE_2);
  mapped.writeUInt32LE(root, SIZE_2);
  return withRevision(mapped, REVISION_3);
}

const revision = (value: Buffer): number => (value.readUInt32LE(0) & REVISION_MASK) >>> 0;

function withRevision(value: Buffer, wanted: number): Buffer {
  value.writeUInt32LE(((value.readUInt32LE(0) & ~REVISION_MASK) | wanted) >>> 0, 0);
  return value;
}

const ACLS: ReadonlySet<string> = new Set(['system.posix_acl_access', 'system.posix_acl_default']);

// linux/posix_acl_xattr.h: le32 version, then entries of le16 tag, le16 permissions, le32 id.
const ACL_HEADER = 4;
const ACL_ENTRY = 8;
const ACL_USER = 0x02;
const ACL_GROUP = 0x08;

interface AclEntry {
  readonly tag: number;
  readonly id: number;
}

const rangesOf = (tag: number, map: IdMap) => (tag === ACL_USER ? map.uids : map.gids);

/** Only the entries that name a user or a group have an id. */
function mapAcl(value: Buffer, idOf: (entry: AclEntry) => number): Buffer {
  for (let at = ACL_HEADER; at + ACL_ENTRY <= value.length; at += ACL_ENTRY) {
    const tag = value.readUInt16LE(at);
    if (tag === ACL_USER || tag === ACL_GROUP) {
      value.writeUInt32LE(idOf({ tag, id: value.readUInt32LE(at + 4) }), at + 4);
    }
  }
  return value;
}
