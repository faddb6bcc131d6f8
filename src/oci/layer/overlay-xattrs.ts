/**
 * Overlay keeps its own records in these attributes: a layer that brought them could point a directory
 * at any other one of the layers below (redirect) or borrow another file's data (metacopy). They are
 * dropped on the way in, and not part of a tree on the way out.
 */
export const isOverlayXattr = (name: string): boolean => /^(trusted|user)\.overlay\./.test(name);

export function withoutOverlayXattrs<T>(xattrs: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  if (xattrs.size === 0) return xattrs;
  return new Map([...xattrs].filter(([name]) => !isOverlayXattr(name)));
}
