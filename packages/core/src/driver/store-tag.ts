/**
 * Eight hex digits that tell one store's directory from another's in names that others see (cgroups, interfaces):
 * 32-bit FNV-1a of the path (draft-eastlake-fnv). Never for anything somebody else chooses.
 */
export function storeTag(directory: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(directory)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
