/** What a tar member is. GNU sparse and contiguous files are `file`s. */
export type EntryType = 'file' | 'directory' | 'symlink' | 'link' | 'char' | 'block' | 'fifo';

/** A run of stored bytes of a sparse file; what lies between runs is zeros. */
export interface Segment {
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
}

/**
 * One member of a tar, whichever dialect wrote it.
 *
 * Names (`path`, `link`) are strings. File names are bytes to Linux, so a byte that is no valid UTF-8
 * is carried as the lone surrogate U+DC00 + byte (Python calls it surrogateescape): use `fsPath(name)`
 * wherever a name meets a system call, and names survive whatever their bytes.
 */
export interface TarEntry {
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits with set-uid, set-gid and sticky: at most 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of the body stored in the archive; for a sparse file less than `fileSize`. */
  readonly size: number;
  /** Bytes of the file once unpacked. */
  readonly fileSize: number;
  /** Nanoseconds since the epoch; may be negative. */
  readonly mtime: bigint;
  /** Target of a symlink, or the path of the member that a `link` is another name of; else ''. */
  readonly link: string;
  readonly major: number;
  readonly minor: number;
  /** From SCHILY.xattr.* records; values are bytes. */
  readonly xattrs: ReadonlyMap<string, Buffer>;
  /** Where the body starts, in bytes from the start of the (uncompressed) stream. */
  readonly offset: number;
  /** Where the stored bytes belong in a sparse file; undefined when the body is the file. */
  readonly segments?: readonly Segment[] | undefined;
}
