export { blobPath, checkMarker, INDEX_FILE, LAYOUT_FILE, LAYOUT_MARKER, parseLayoutIndex } from './files.ts';
export { Layout, type LayoutFiles } from './layout.ts';
export { layoutName, nameInLayout } from './names.ts';
